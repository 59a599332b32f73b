"""Agents as rows: the configuration is the platform's JSON, validated by `AgentConfig`."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Field, SQLModel

from campanile.agents.config import AgentConfig
from campanile.db import created_column, json_column


class Agent(SQLModel, table=True):
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id", index=True)
    name: str
    config: dict[str, Any] = json_column()
    created_at: datetime = created_column()
    updated_at: datetime = created_column()

    def configuration(self) -> AgentConfig:
        return AgentConfig.model_validate(self.config)
