"""A small flow of our own in classes of diffusers: from the generator's picture on towards photos.

Rectified flow (Liu et al., "Flow straight and fast", 2023) that does not begin at noise but at what the
generator has painted, with a little noise, as bridges between pictures do (I2SB, Liu et al., 2023): one step
is already a picture, more follow the way more closely. `genvc train conceptual --stage flow` trains one.
"""

from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import pad, pixel_shuffle, pixel_unshuffle

from genvc.arithmetic import autocast
from genvc.errors import BadInput
from genvc.models import full_name, load
from genvc.types import Picture

__all__ = ["ARCHITECTURE", "FLOW", "NOISE", "SIZE", "FlowDecoder", "flow_of", "flown", "network", "speed"]

ARCHITECTURE: Final = "conceptual-flow-1"
FLOW: Final = "conceptual-flow"
"""The model that is meant where none is named."""
NOISE: Final = 0.05
"""Standard deviation of the noise on the picture that a flow begins at; samples are 0 to 1."""
TIMES: Final = 1000  # what diffusers counts the way in

_FOLD: Final = 4  # samples a side that are one place of the network
_UNIT: Final = 16  # the network halves its places twice
_WIDTHS = frozenset(range(32, 1025, 32))  # channels that a block may have
_TILE, _OVERLAP = 1024, 128  # samples a side: norms are of a tile, and memory is bounded
SIZE: Final[dict[str, Any]] = {
    "block_out_channels": [64, 128, 128],
    "down_block_types": ["DownBlock2D"] * 3,
    "up_block_types": ["UpBlock2D"] * 3,
    "layers_per_block": 1,
    "add_attention": False,
}
"""Of a network that is made anew: arguments of UNet2DModel."""


def network(size: dict[str, Any] = SIZE) -> nn.Module:
    """A UNet2DModel for speed(); its last layer starts at zero, so that the flow stays where it begins.

    size: as SIZE. Raises BadInput where diffusers is not installed or cannot make that.
    """
    try:
        from diffusers import UNet2DModel
    except ImportError as error:
        raise BadInput("a flow needs the package diffusers: pip install 'genvc[diffusion]'") from error
    planes = 3 * _FOLD * _FOLD
    widths = size.get("block_out_channels") if isinstance(size, dict) else None
    if not isinstance(widths, list) or set(size) != set(SIZE) or not set(widths) <= _WIDTHS:
        raise BadInput(f"no network of a flow can be made of {size}")
    if len(widths) != len(SIZE["block_out_channels"]):
        raise BadInput(f"a flow's network has {len(SIZE['block_out_channels'])} blocks, not {len(widths)}")
    try:
        made: nn.Module = UNet2DModel(in_channels=2 * planes, out_channels=planes, **size)
    except (TypeError, ValueError, RuntimeError, IndexError) as error:
        raise BadInput(f"no network of a flow can be made of {size}") from error
    last: Any = made.conv_out
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return made


def speed(net: nn.Module, at: Tensor, painted: Tensor, sigma: Tensor) -> Tensor:
    """What the network says of the way: where it begins less where it ends, (n, 3, height, width).

    at: where the way has come to, painted: the generator's picture, (n, 3, height, width), 0 to 1, sides
    multiples of 16. sigma: (n,), what of the way is left, 1 to 0.
    """
    seen = torch.cat([pixel_unshuffle(one - 0.5, _FOLD) for one in (at, painted)], 1)
    found: Any = net(seen.contiguous(memory_format=torch.channels_last), sigma * TIMES)
    return pixel_shuffle(found.sample.float(), _FOLD)


def flown(net: nn.Module, painted: Tensor, steps: int, seed: int) -> Tensor:
    """Where the flow ends after so many equal steps of Euler's; painted: (n, 3, height, width), 0 to 1."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    # it holds how far the way has come, so each picture has one of its own
    scheduler: Any = FlowMatchEulerDiscreteScheduler(num_train_timesteps=TIMES)
    scheduler.set_timesteps(sigmas=np.linspace(1, 1 / steps, steps))
    noise = torch.randn(painted.shape, generator=torch.Generator("cpu").manual_seed(seed))
    at = painted + NOISE * noise.to(painted.device)
    for time in scheduler.timesteps:
        sigma = (time / TIMES).to(painted.device).expand(len(painted))
        at = scheduler.step(speed(net, at, painted, sigma), time, at).prev_sample
    return at


class FlowDecoder:
    """Takes a picture of the generator further. steps: 1 to 20. seed: of the noise."""

    def __init__(self, net: nn.Module, device: torch.device, steps: int = 1, seed: int = 0) -> None:
        self._net, self._device, self._steps, self._seed = net, device, steps, seed

    @torch.no_grad()
    def __call__(self, painted: Picture) -> Picture:
        """The picture, the same on the same machine.

        Beyond 1024 samples a side, tiles pass into each other smoothly.
        """
        high, wide = painted.shape[:2]
        total = np.zeros((high, wide, 3), np.float32)
        weights = np.zeros((high, wide, 1), np.float32)
        for top in _starts(high):
            for left in _starts(wide):
                place = slice(top, top + _TILE), slice(left, left + _TILE)
                tile = painted[place]
                weight = _ramp(tile.shape[0])[:, None, None] * _ramp(tile.shape[1])[None, :, None]
                total[place] += weight * self._flown(tile)
                weights[place] += weight
        return np.asarray(np.rint(np.clip(total / weights, 0, 1) * 255), np.uint8)

    def _flown(self, tile: Picture) -> npt.NDArray[np.float32]:
        high, wide = tile.shape[:2]
        picture = torch.from_numpy(np.ascontiguousarray(tile)).to(self._device)
        picture = picture.permute(2, 0, 1)[None].float() / 255
        picture = pad(picture, (0, -wide % _UNIT, 0, -high % _UNIT), "replicate")
        with autocast(self._device):
            at = flown(self._net, picture, self._steps, self._seed)
        held = at[0, :, :high, :wide].nan_to_num(0.5).clamp(0, 1).permute(1, 2, 0)
        found: npt.NDArray[np.float32] = held.float().cpu().numpy()
        return found


@cache
def network_of(name: str, device: torch.device) -> nn.Module:
    """The network of a model, by its full name; kept. Raises ModelNotFound, BadInput."""
    config, weights = load(name, "conceptual")
    if config.get("architecture") != ARCHITECTURE:
        raise BadInput(f"{name} is no flow of conceptual")
    net = network(config.get("network", {}))
    try:
        net.load_state_dict({key: value.float() for key, value in weights.items()}, strict=True)
    except RuntimeError as error:
        raise BadInput(f"the weights of {name} are not those of its network") from error
    return net.to(device).to(memory_format=torch.channels_last).eval().requires_grad_(False)


def flow_of(name: str, device: torch.device, steps: int, seed: int) -> FlowDecoder:
    """The flow of a model, of the newest one of FLOW for ""; raises ModelNotFound, BadInput."""
    return FlowDecoder(network_of(full_name(name or FLOW), device), device, steps, seed)


def _starts(side: int) -> list[int]:
    """Where tiles begin, each but the first within the one before."""
    last = max(0, side - _TILE)
    count = -(-last // (_TILE - _OVERLAP)) + 1
    return [last * one // max(1, count - 1) for one in range(count)]


def _ramp(size: int) -> npt.NDArray[np.float32]:
    """Weights of a tile's places: they rise over the overlap, and fall, never to zero."""
    rising = np.minimum(np.arange(1, size + 1), _OVERLAP)
    return np.asarray(np.minimum(rising, rising[::-1]) / _OVERLAP, np.float32)
