"""Ground that is held out lies in blocks of its own, apart from what is learnt from."""

import numpy as np
import pytest

from core.finetune.block_split import TEST, TRAINING, UNUSED, VALIDATION, split_blocks


@pytest.fixture
def ground():
    rng = np.random.default_rng(3)
    places = rng.uniform(0, 300, (4000, 2))
    return places, (places[:, 0] // 50 + places[:, 1] // 50).astype(np.int64) % 3, rng


def nearest(one, other):
    return np.abs(one[:, None] - other[None]).max(2).min()


def test_no_pixel_of_one_role_is_a_neighbour_of_one_of_another(ground):
    places, labels, rng = ground
    split = split_blocks(places, labels, 3, rng)
    roles = split.roles(places)
    of_role = {role: places[roles == role] for role in (TRAINING, VALIDATION, TEST)}
    assert nearest(of_role[TRAINING], of_role[VALIDATION]) >= split.gap
    assert nearest(of_role[TRAINING], of_role[TEST]) >= split.gap
    assert nearest(of_role[VALIDATION], of_role[TEST]) >= split.gap
    assert (roles == UNUSED).any()


def test_every_class_is_learnt_from_chosen_by_and_measured(ground):
    places, labels, rng = ground
    roles = split_blocks(places, labels, 3, rng).roles(places)
    for label in range(3):
        counts = {role: ((roles == role) & (labels == label)).sum() for role in (TRAINING, VALIDATION, TEST)}
        assert counts[TRAINING] > counts[VALIDATION] > 0
        assert counts[TEST] > 0


def test_the_refit_trains_on_validation_blocks_and_not_on_test_blocks(ground):
    places, labels, rng = ground
    split = split_blocks(places, labels, 3, rng)
    before, refit = split.roles(places), split.refit_roles(places)
    assert (refit[before == TEST] == TEST).all()
    assert (refit[before == VALIDATION] == TRAINING).all()
    assert nearest(places[refit == TRAINING], places[refit == TEST]) >= split.gap


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_few_blocks_are_for_training_first_then_for_testing_then_for_selection(blocks):
    places = np.concatenate([np.array([[1000.0 * block + 500 * label, 4.0]] * 20)
                             for block in range(blocks) for label in range(2)])  # fmt: skip
    labels = np.tile(np.repeat(np.arange(2), 20), blocks)
    roles = split_blocks(places, labels, 2, np.random.default_rng(0)).roles(places)
    for label in range(2):
        found = set(roles[labels == label].tolist())
        assert found == ({TRAINING}, {TRAINING, TEST}, {TRAINING, VALIDATION, TEST})[blocks - 1]
