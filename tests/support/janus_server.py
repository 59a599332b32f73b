"""A real Janus in a namespace: WebSockets in, SIP out, and nothing else loaded."""

import subprocess
from pathlib import Path

from support.netns import ADDRESS, Namespace
from support.waiting import wait_until

PORT = 8188

_JANUS = """
general: {{
    configs_folder = "{folder}"
    interface = "{address}"
    session_timeout = {session_seconds}
    debug_level = 4
    debug_timestamps = true
    events_folder = "{folder}/none"
    loggers_folder = "{folder}/none"
}}
media: {{
    rtp_port_range = "20000-29999"
}}
nat: {{
    ice_enforce_list = "{address}"
}}
plugins: {{
    disable = "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,\
libjanus_lua.so,libjanus_nosip.so,libjanus_recordplay.so,libjanus_streaming.so,\
libjanus_textroom.so,libjanus_videocall.so,libjanus_videoroom.so,libjanus_voicemail.so"
}}
transports: {{
    disable = "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,\
libjanus_pfunix.so,libjanus_rabbitmq.so"
}}
"""
_SIP = """
general: {{
    local_ip = "{address}"
    behind_nat = false
    rtp_port_range = "30000-39999"
}}
"""
_WEBSOCKETS = """
general: {{
    json = "compact"
    ws = true
    ws_port = {port}
    ws_ip = "{address}"
    wss = false
}}
"""
_FILES = {
    "janus.jcfg": _JANUS,
    "janus.plugin.sip.jcfg": _SIP,
    "janus.transport.websockets.jcfg": _WEBSOCKETS,
}


class JanusServer:
    """Listening once this is made; its log stands in `folder`/janus.log."""

    url = f"ws://{ADDRESS}:{PORT}"

    def __init__(self, namespace: Namespace, folder: Path, *, session_seconds: int):
        folder.mkdir(parents=True)
        for name, text in _FILES.items():
            (folder / name).write_text(
                text.format(
                    folder=folder,
                    address=ADDRESS,
                    port=PORT,
                    session_seconds=session_seconds,
                )
            )
        self._log = (folder / "janus.log").open("w")
        self._process: subprocess.Popen[str] = namespace.start(
            ["janus", "-C", folder / "janus.jcfg", "-F", folder, "--disable-colors"],
            output=self._log,
        )
        try:
            wait_until(
                lambda: namespace.listens(PORT, protocol="tcp"),
                f"Janus listens; its log: {folder / 'janus.log'}",
            )
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        # Killed, not asked: one in five SIGTERMs ended in a core dump, and nothing in
        # it is worth saving.
        self._process.kill()
        self._process.wait()
        self._log.close()
