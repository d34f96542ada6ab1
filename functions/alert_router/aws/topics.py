"""The SNS topics that people and chat rooms are subscribed to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

    from alert_router.messages.formats.message import Message


class Publisher:
    """Publishes messages."""

    def __init__(self, client: SNSClient, topic: str, chat_topic: str) -> None:
        self._client = client
        self._topic = topic
        self._chat_topic = chat_topic

    def publish(self, message: Message) -> str:
        """Publish to all subscribers whose filter passes; return SNS's message id.

        Raises:
            botocore.exceptions.ClientError, BotoCoreError: when SNS did not accept it.
        """
        answer = self._client.publish(
            TopicArn=self._topic,
            Subject=message.subject,
            Message=message.body,
            MessageStructure="json",
            MessageAttributes=message.attributes,  # type: ignore[arg-type]  # plain maps suffice
        )
        return answer["MessageId"]

    def publish_chat(self, message: Message) -> None:
        """Publish to the chat topic, where there is one.

        Raises:
            botocore.exceptions.ClientError, BotoCoreError: when SNS did not accept it.
        """
        if self._chat_topic:
            self._client.publish(
                TopicArn=self._chat_topic, Message=json.dumps(message.chat, ensure_ascii=False)
            )
