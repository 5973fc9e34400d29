"""Images in a conversation: those that tools show, and what becomes of all when the model turns out to see none."""

from __future__ import annotations

from devstral_ls.agent.compaction import without_images
from devstral_ls.agent.memo import Aside
from devstral_ls.agent.session import Session
from devstral_ls.llm.messages import Message, UserMessage

UNSEEN = "[An image was here, but the model server takes no images. Go on without it.]"


def shown_by_tools(images: list[str]) -> list[Message]:
    """The message that carries the images of tool results, which must stay text themselves; none without images."""
    return (
        [Aside("The image you asked for:" if len(images) == 1 else "The images you asked for:", tuple(images))]
        if images
        else []
    )


def drop_images(session: Session, model: str) -> bool:
    """Put notes in the place of all images, and remember that `model` sees none. False when there was none to drop."""
    messages = [
        without_images(message, UNSEEN) if isinstance(message, UserMessage) and message.images else message
        for message in session.messages
    ]
    if messages == session.messages:
        return False
    session.replace(messages)
    session.blind_model = model
    return True


def blindness(model: str) -> str:
    """Why an image can't be shown, as the end of a sentence."""
    return f"the model {model} can't see images"
