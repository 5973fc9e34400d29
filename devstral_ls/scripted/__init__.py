"""A scripted model server: a script, not a model.

It answers a chat completion with the next turn of a script, in the exact manner of vLLM, Ollama, llama.cpp, the
Mistral API, LM Studio or transformers serve, and refuses requests that the strictest of them would refuse. It writes no
text of its own: whatever it "says" stands in the script. Tests, demonstrations and benchmarks of everything around the
model use it.
"""

from devstral_ls.scripted.manners import Manner
from devstral_ls.scripted.script import Answered, Call, Script, ScriptInvalid, Turn
from devstral_ls.scripted.server import ScriptedServer

__all__ = ["Answered", "Call", "Manner", "Script", "ScriptInvalid", "ScriptedServer", "Turn"]
