"""What an agent is: the platform's `Agent` shape, validated (platform-api.md 3.7)."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Message(_Part):
    role: Literal["system", "user", "assistant"]
    content: str


class SttConfig(_Part):
    provider: Literal["deepgram"] = "deepgram"
    model: str = "nova-3"
    language: str = "en"
    keyterms: list[str] = []


class ToolServer(_Part):
    url: HttpUrl
    secret: str = ""


class FunctionTool(_Part):
    """A tool answered by a webhook; flat spelling of the platform."""

    type: Literal["function"] = "function"
    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")
    description: str
    parameters: dict[str, Any] = {"type": "object", "properties": {}}
    url: HttpUrl | None = None
    server: ToolServer | None = None


class EndCallTool(_Part):
    type: Literal["end_call", "endCall"]


Tool = EndCallTool | FunctionTool


class LlmConfig(_Part):
    provider: Literal["openai"] = "openai"
    model: str = "gpt-4o-mini"
    temperature: float = Field(default=0.7, ge=0, le=2)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=32768)
    messages: list[Message] = []
    tools: list[Tool] = []


class TtsConfig(_Part):
    provider: Literal["elevenlabs", "openai"] = "elevenlabs"
    voice_id: str = "campanile"
    model: str = "eleven_flash_v2_5"
    stability: float = Field(default=0.5, ge=0, le=1)
    similarity_boost: float = Field(default=0.75, ge=0, le=1)
    speed: float = Field(default=1.0, ge=0.5, le=2)


class TurnTaking(_Part):
    """Seconds, as the platform has them (platform-api.md 3.8)."""

    endpointing_min_delay: float = Field(default=0.4, ge=0.1, le=5)
    endpointing_max_delay: float = Field(default=2.0, ge=0.1, le=5)
    interruption_min_duration: float = Field(default=0.3, ge=0.05, le=2)


class SilencePlan(_Part):
    messages: list[str] = ["Are you still there?", "Hello, can you hear me?"]
    final_message: str = "I could not hear you, so I will end the call. Goodbye."
    first_check_seconds: float = Field(default=7, ge=1, le=60)
    interval_seconds: float = Field(default=12, ge=3, le=120)
    max_attempts: int = Field(default=3, ge=1, le=10)


class SpeechConfig(_Part):
    turn_taking: TurnTaking = TurnTaking()
    silence: SilencePlan = SilencePlan()
    end_call_message: str | None = None


class StructuredDataPlan(_Part):
    enabled: bool = True
    schema_: dict[str, Any] = Field(default_factory=dict, alias="schema")
    messages: list[Message] = []
    """Placeholders: {{schema}}, {{transcript}}, {{ended_reason}}."""


class AnalysisPlan(_Part):
    structured_data_plan: StructuredDataPlan = StructuredDataPlan(enabled=False)
    min_messages_threshold: int = Field(default=2, ge=0, le=1000)


class AgentConfig(_Part):
    """Everything one conversation is held by; stored as JSON on the agent's row."""

    name: str
    business_name: str | None = None
    first_message: str | None = None
    first_speaker: Literal["auto", "agent", "callee"] = "auto"
    fallback_message: str = (
        "I am sorry, something went wrong on our side. We will call you again. Goodbye."
    )
    is_active: bool = True
    max_duration_seconds: int = Field(default=300, ge=10, le=43200)
    autonomous_silence_handling: bool = True
    voicemail_detection: bool = True
    voicemail_message: str | None = None
    webhook_url: HttpUrl | None = None
    webhook_secret: str = ""
    analysis_plan: AnalysisPlan | None = None
    stt_config: SttConfig = SttConfig()
    llm_config: LlmConfig = LlmConfig()
    tts_config: TtsConfig = TtsConfig()
    speech_config: SpeechConfig = SpeechConfig()
