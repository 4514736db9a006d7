from helpers import fourier_density
from helpers.fourier_density import peers


def test_peers_hands_on_what_the_package_has():
    for name in peers.__all__:
        assert getattr(peers, name) is getattr(fourier_density, name)
