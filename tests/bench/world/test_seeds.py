import itertools

import pytest

from bench.world.backgrounds import FAMILIES
from bench.world.scenes import make_scene
from bench.world.seeds import DOMAINS, WorldError, generator, stream_key


def test_no_two_streams_share_a_key():
    parts = ("objects", "background", "proposals", "single cat", "background cat")
    names = list(itertools.product(DOMAINS, (0, 1, 12, 123), (0, 1, 2, 12, 23, 123), parts))
    assert len({stream_key(*name) for name in names}) == len(names)


def test_domains_share_neither_streams_nor_backgrounds_whatever_the_seeds():
    keys = [
        {stream_key(domain, seed, index, "objects") for seed in range(40) for index in range(40)} for domain in DOMAINS
    ]
    assert all(one.isdisjoint(other) for one, other in itertools.combinations(keys, 2))
    families = [set(FAMILIES[domain]) for domain in DOMAINS]
    assert all(one.isdisjoint(other) for one, other in itertools.combinations(families, 2))
    assert set(FAMILIES) == set(DOMAINS)


def test_the_same_name_gives_the_same_numbers():
    first, again = (generator("corpus", 3, 7, "objects").random(5).tolist() for _ in range(2))
    assert first == again != generator("holdout", 3, 7, "objects").random(5).tolist()


def test_an_unknown_domain_is_refused_by_name():
    with pytest.raises(WorldError, match=r"“moon”.*starter, corpus, holdout"):
        make_scene(1, 1, domain="moon")
