#include "export/pytorch/helpers.hpp"

namespace atto::deploy::pytorch {
namespace {

constexpr HelperClass kHelperClasses[] = {{"Conv", R"py(class Conv(nn.Sequential):
    """Convolution, batch norm, activation."""

    def __init__(self, inputs, outputs, kernel=1, stride=1, padding=0, dilation=1, groups=1, bias=False, act=None):
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias),
            nn.BatchNorm2d(outputs),
        )
        if act is not None:
            self.append(act)
)py"},
                                          {"SqueezeExcite", R"py(class SqueezeExcite(nn.Module):
    """Scales each channel by a gate that all of them have a say in (Hu et al., arXiv 1709.01507)."""

    def __init__(self, channels, squeezed, act, gate):
        super().__init__()
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.act = act
        self.expand = nn.Conv2d(squeezed, channels, 1)
        self.gate = gate

    def forward(self, x):
        scale = x.mean((2, 3), keepdim=True)
        return x * self.gate(self.expand(self.act(self.reduce(scale))))
)py"},
                                          {"ChannelShuffle", R"py(class ChannelShuffle(nn.Module):
    """Mixes the channels of groups (Zhang et al., arXiv 1707.01083); torch's own has no gradient."""

    def __init__(self, groups):
        super().__init__()
        self.groups = groups

    def forward(self, x):
        x = x.reshape(x.shape[0], self.groups, -1, x.shape[2], x.shape[3])
        return x.transpose(1, 2).flatten(1, 2)
)py"},
                                          {"AveragePool", R"py(class AveragePool(nn.Module):
    """Average over windows of what lies on the map; around = (left, right, top, bottom)."""

    def __init__(self, kernel, stride, around):
        super().__init__()
        self.pool = nn.AvgPool2d(kernel, stride)
        self.pad = nn.ZeroPad2d(around)

    def forward(self, x):
        return self.pool(self.pad(x)) / self.pool(self.pad(torch.ones_like(x)))
)py"},
                                          {"LayerNorm", R"py(class LayerNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel."""

    def __init__(self, channels):
        super().__init__(channels, eps=1e-6)

    def forward(self, x):
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)
)py"},
                                          {"Zero", R"py(class Zero(nn.Module):
    """Zeros in the shape of every stride-th row and column."""

    def __init__(self, stride=1):
        super().__init__()
        self.rows, self.columns = (stride, stride) if isinstance(stride, int) else stride

    def forward(self, x):
        return x[:, :, :: self.rows, :: self.columns] * 0
)py"},
                                          {"LayerScale", R"py(class LayerScale(nn.Module):
    """A learned factor a channel."""

    def __init__(self, channels, init):
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), init))

    def forward(self, x):
        return x * self.weight[:, None, None]
)py"}};

}  // namespace

std::span<const HelperClass> helper_classes() {
  return kHelperClasses;
}

const std::string_view kFunctions = R"py(def read(path):
    """Reads a safetensors file: 8 bytes of length, a header in JSON, the data. Returns tensors by name."""
    data = bytearray(Path(path).read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            begin, end = (start + offset for offset in entry["data_offsets"])
            tensors[name] = torch.frombuffer(data[begin:end], dtype=TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def save(net, path):
    """Writes the weights of a network, or a state_dict, for `atto import` and safetensors.torch.load_file."""
    tensors = net if isinstance(net, dict) else net.state_dict()
    classes = next((len(t) for name, t in tensors.items() if name.endswith(CLASSIFIER)), NUM_CLASSES)
    known = METADATA if classes == NUM_CLASSES else {"format": "pt"}
    header, data, end = {"__metadata__": {**known, **INPUT, "classes": str(classes)}}, [], 0
    for name, tensor in sorted(tensors.items(), key=lambda entry: -entry[1].element_size()):
        tensor = tensor.detach().cpu().contiguous()
        data.append(ctypes.string_at(tensor.data_ptr(), tensor.numel() * tensor.element_size()))
        kind = next(kind for kind, dtype in TYPES.items() if dtype == tensor.dtype)
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [end, end + len(data[-1])]}
        end += len(data[-1])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(len(text).to_bytes(8, "little") + text + b"".join(data))
)py";

const std::string_view kEnd =
    R"py(def model(pretrained=False, num_classes=NUM_CLASSES, weights=None):
    """Makes the network; pretrained: with the weights beside this file, a classifier of another width left out."""
    net = @NET@(num_classes)
    if pretrained:
        state = read(weights or Path(__file__).with_suffix(".safetensors"))
        if num_classes != NUM_CLASSES:
            state = {name: value for name, value in state.items() if not name.startswith("classifier.")}
        net.load_state_dict(state, strict=num_classes == NUM_CLASSES)
    return net


def main(images, scores=None):
    """Runs a file of images ("inputs", maybe "logits" to compare with); writes the scores where told to."""
    file = read(images)
    net = model(pretrained=True).eval()
    with torch.no_grad():
        logits = torch.cat([@FIRST@ for batch in file["inputs"].split(64)])
    if scores:
        save({"logits": logits}, scores)
    if "logits" in file:
        wanted = file["logits"]
        error = (logits - wanted).abs().max() / wanted.abs().max().clamp(min=1e-20)
        same = (logits.argmax(1) == wanted.argmax(1)).float().mean()
        print(f"max error {error:.1e}, top-1 agreement {100 * same:.1f} % of {len(logits)} images")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python3 model.py IMAGES.safetensors [SCORES.safetensors]")
    main(*sys.argv[1:])
)py";

}  // namespace atto::deploy::pytorch
