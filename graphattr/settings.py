"""Settings, passed in and never global. A TOML file overrides the defaults; secrets come from the environment."""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from graphattr.errors import SettingsError


class Frozen(BaseModel):
    """Base of every settings section: immutable, and an unknown key is an error, not a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LoadSettings(Frozen):
    """How signals are read."""

    max_bad_share: float = Field(0.05, ge=0, le=1)  # a table with a larger share of bad rows stops the run
    clock_skew_seconds: int = Field(3600, ge=0)  # tolerated before "in the future" or "before created_at"
    as_of: datetime | None = None  # "now" for the future check; None: the time of the run
    default_region: str | None = None  # ISO country for phone numbers without a country code


class LinkSettings(Frozen):
    """How pairs are found and scored (method.md, 1 and 2)."""

    prior_partners: float = Field(1.0, gt=0)  # co-controlled accounts an average account has, before evidence
    # A value with more holders is a hub and creates pairs only inside a time window: the limit is max_share of all
    # accounts, but never below min_fan nor above max_fan.
    min_fan: int = Field(10, ge=2)
    max_fan: int = Field(100, ge=2)
    max_share: float = Field(0.01, gt=0, le=1)
    window_seconds: int = Field(21_600, gt=0)  # that time window
    max_window_fan: int = Field(50, ge=2)  # ... in which at most this many accounts may use the value
    min_probability: float = Field(0.01, ge=0, lt=1)  # links below are not written
    passes: int = Field(3, ge=1, le=5)  # k_eff is taken from the rings of the pass before


class RingSettings(Frozen):
    """How links are grouped (method.md, 4)."""

    # CPM resolution in units of the square root of the background density (rings.group.resolution): of the passes that
    # count entities, and of rings where links are not calibrated.
    resolution: float = Field(1.25, gt=0)
    min_size: int = Field(2, ge=2)
    join_probability: float = Field(
        0.3, gt=0, lt=1
    )  # that two sets share a controller, from which on they join
    # An account below is no member; where links are not calibrated `rings.membership.LEAST_SUPPORT` decides instead.
    min_membership: float = Field(0.5, ge=0, lt=1)
    resamples: int = Field(50, ge=2)  # bootstrap draws for membership
    leiden_iterations: int = Field(10, ge=1)


class AttributionSettings(Frozen):
    """What may be said of a ring (method.md, 5 and 6)."""

    alpha: float = Field(0.01, gt=0, lt=1)  # promised share of wrongly attributed accounts
    lead_probability: float = Field(0.5, ge=0, le=1)  # single operator, contractors or reseller together
    # A smaller ring is no lead unless it bears a known operator's name: a person may well have a few accounts.
    lead_size: int = Field(5, ge=2)


class Settings(Frozen):
    """Everything that can change a result, apart from the signals and the model."""

    seed: int = 0
    load: LoadSettings = LoadSettings()
    links: LinkSettings = LinkSettings()
    rings: RingSettings = RingSettings()
    attribution: AttributionSettings = AttributionSettings()

    @classmethod
    def read(cls, path: Path | None) -> Settings:
        """Settings from a TOML file, or the defaults.

        Raises:
            SettingsError: the file is unreadable, or a key is unknown or out of range.
        """
        if path is None:
            return cls()
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise SettingsError(f"cannot read the settings file {path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} is not TOML: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise SettingsError(
                f"{path}: {key}: {first['msg']}", hint="see docs/how-to.md, Settings"
            ) from error


class Secrets(BaseSettings):
    """Secrets, from the environment only (GRAPHATTR_KEY, GRAPHATTR_NEO4J_USER, GRAPHATTR_NEO4J_PASSWORD)."""

    model_config = SettingsConfigDict(
        env_prefix="GRAPHATTR_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    key: SecretStr | None = None  # HMAC key for raw personal identifiers
    neo4j_user: str = "neo4j"
    neo4j_password: SecretStr | None = None
