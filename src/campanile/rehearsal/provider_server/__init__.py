"""Deepgram, OpenAI and ElevenLabs over offline engines, on one port.

Real protocols, so that the production adapters and the vendors' own SDKs are pointed
here by address alone. It is given what a real provider would be given: audio, prompts,
tools, key terms, schemas; never a dialled number or anything of a callee (DESIGN.md 6).
"""
