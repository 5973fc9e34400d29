"""From the wire to a `Reply`: decoders without I/O that know what servers really send."""

from devstral_ls.llm.wire.normaliser import Normaliser, new_call_id

__all__ = ["Normaliser", "new_call_id"]
