"""What the named scenarios of the base study say about the world, on their most likely path."""

import pytest

from sim import pipeline
from tests.models.test_models_base_study import CONFIGS, total, trace_of

CALENDAR_2030 = (19, 22)  # t = 19 is January to March 2030


@pytest.fixture(scope="module")
def omdia():
    return trace_of(pipeline.check(CONFIGS / "base.yaml", scenario="omdia"))


def test_omdias_path_is_followed_in_total(omdia):
    """RMB 51.8 bn in 2025, of which 22.3 in the first half, and 26.8% a year to 170 in 2030, each within 5%.

    Omdia's own path contradicts the growth within its half-years, so no smooth path meets both ends exactly.
    """
    assert 22.3 + total(omdia, "ai_cloud_market", 1, 2) == pytest.approx(51.8, rel=0.05)
    assert total(omdia, "ai_cloud_market", *CALENDAR_2030) == pytest.approx(51.8 * 1.268**5, rel=0.05)


def test_omdias_path_has_no_second_wave(omdia):
    """Growth never rises again, and stays far below the 0.19 a quarter at which the base case begins."""
    growth = [period["infrastructure_growth"] for period in omdia.periods]
    assert growth == sorted(growth, reverse=True)
    assert growth[0] < 0.10
