"""Publishes messages to the SNS topics."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from alert_router.incidents.subscriber import Form

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

    from alert_router.messages.formats.message import Message


class Publisher:
    """Publishes messages."""

    def __init__(self, client: SNSClient, topics: Mapping[Form, str], chat_topic: str = "") -> None:
        self._client = client
        self._topics = topics
        self._chat_topic = chat_topic

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms that have a topic."""
        return tuple(form for form in Form if self._topics.get(form))

    def publish(self, message: Message, form: Form, to: Sequence[str]) -> str:
        """Publish one form to the named subscribers; return SNS's message id.

        The message is a plain String: AWS documents that attributes, which all filters depend on,
        are only sent with those (docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html,
        read 2026-11).

        Raises:
            KeyError: when the form has no topic.
            botocore.exceptions.ClientError, BotoCoreError: when SNS did not accept it.
        """
        answer = self._client.publish(
            TopicArn=self._topics[form],
            Subject=message.subject,
            Message=message.text(form),
            MessageAttributes=message.attributes(to),  # type: ignore[arg-type]  # plain maps suffice
        )
        return answer["MessageId"]

    def publish_chat(self, message: Message) -> None:
        """Publish to the chat topic, if there is one.

        Raises:
            botocore.exceptions.ClientError, BotoCoreError: when SNS did not accept it.
        """
        if self._chat_topic:
            self._client.publish(
                TopicArn=self._chat_topic, Message=json.dumps(message.chat, ensure_ascii=False)
            )
