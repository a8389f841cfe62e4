"""What PyTorch makes of our model.py: check_models.py FOLDER ATTO, with a folder of each network in it, and the program atto."""
import copy
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import textwrap

import torch
import torch.fx

TOLERANCE = 1e-5
ALONE = {"annotations", "ctypes", "json", "sys", "pathlib", "torch"}


def load(folder):
    spec = importlib.util.spec_from_file_location(folder.name, folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[folder.name] = module
    spec.loader.exec_module(module)
    return module


def error(got, wanted):
    return float((got - wanted).abs().max() / wanted.abs().max().clamp(min=1e-20))


def first(result):
    return result[0] if isinstance(result, tuple) else result


def check(folder):
    module = load(folder)
    file = module.read(folder / "reference.safetensors")
    inputs, wanted = file["inputs"], file["logits"]
    net = module.model(pretrained=True).eval()
    # Random networks normalise over one channel, which magnifies what was rounded.
    allowed = 1e-2 if "LayerNorm(1)" in (folder / "model.py").read_text() else TOLERANCE
    with torch.no_grad():
        made = net(inputs)
        assert error(first(made), wanted) <= allowed, error(first(made), wanted)
        for number in range(1, len(made) if isinstance(made, tuple) else 1):
            of = file[f"output{number}"]
            assert error(made[number].flatten(1), of) <= allowed, (number, error(made[number].flatten(1), of))
        features = net.forward_features(inputs)
        assert error(net.forward_head(features), first(made)) == 0
        for other in (torch.jit.script(net), torch.jit.trace(net, inputs), torch.fx.symbolic_trace(net)):
            assert error(first(other(inputs)), first(made)) <= allowed, other
    if folder.name.startswith("random"):
        return
    train(module, net, inputs, wanted, folder)


def train(module, net, inputs, wanted, folder):
    batch = torch.cat([inputs, inputs + 0.3 * torch.randn_like(inputs)])
    labels = torch.arange(len(batch)) % 3
    tuned = module.model(pretrained=True, num_classes=3).train()
    assert tuned.num_classes == 3 and first(tuned(batch)).shape == (len(batch), 3)
    assert tuned.forward_head(tuned.forward_features(batch), pre_logits=True).shape[1] == tuned.num_features
    assert tuned.get_classifier() is tuned.classifier
    names = dict(tuned.named_modules())
    cfg = tuned.default_cfg
    assert isinstance(names[cfg["first_conv"]], torch.nn.Conv2d) and cfg["classifier"] in names
    assert tuple(inputs.shape[1:]) == cfg["input_size"] and len(cfg["mean"]) == inputs.shape[1]
    for info in tuned.feature_info:
        maps = []
        hook = names[info["module"]].register_forward_hook(lambda module, args, out: maps.append(out))
        first(tuned(batch))
        hook.remove()
        assert maps[0].shape[1] == info["num_chs"], info
        # Each window without padding takes a row or two.
        assert abs(inputs.shape[2] / info["reduction"] - maps[0].shape[2]) < 3, (info, maps[0].shape)
    loss = lambda: torch.nn.functional.cross_entropy(first(tuned(batch)), labels)
    for module_ in tuned.modules():  # one loss before and after, not two of different noise
        if isinstance(module_, torch.nn.Dropout):
            module_.eval()
    begun = copy.deepcopy(tuned.state_dict())
    before = loss()
    before.backward()
    slopes = [value.grad.clone() for value in tuned.parameters() if value.grad is not None]
    assert slopes and all(slope.isfinite().all() for slope in slopes)

    def after(rate):  # too small a step is lost in rounding, too large a one goes too far
        tuned.load_state_dict(begun)
        torch.optim.SGD(tuned.parameters(), rate).step()
        return loss()

    assert any(after(rate) < before for rate in (1e-4, 1e-3, 1e-2, 1e-1)), before
    tuned.reset_classifier(0)
    assert first(tuned(batch)).shape[1] == tuned.num_features
    # There and back: what save() writes is what was read.
    with tempfile.TemporaryDirectory() as scratch:
        saved = pathlib.Path(scratch) / "saved.safetensors"
        for what in (net, net.state_dict(), torch.nn.DataParallel(net)):
            module.save(what, saved)
            again = module.read(saved)
            for name, tensor in module.read(folder / "model.safetensors").items():
                prefix = "module." if isinstance(what, torch.nn.DataParallel) else ""
                assert again[prefix + name].equal(tensor), name
        module.save(net.half(), saved)
        assert module.read(saved)[next(iter(net.state_dict()))].dtype == torch.float16


def check_program(folder):
    """As a program: its own file, from another folder, with nothing but torch to be found."""
    with tempfile.TemporaryDirectory() as scratch:
        said = subprocess.run([sys.executable, str(folder / "model.py"), str(folder / "reference.safetensors"), "out.safetensors"],
                              cwd=scratch, capture_output=True, text=True, check=True).stdout
        assert said.startswith("max error ") and said.endswith("top-1 agreement 100.0 % of 3 images\n"), said
        assert (pathlib.Path(scratch) / "out.safetensors").exists()
    imports = {line.split()[1].split(".")[0] for line in (folder / "model.py").read_text().splitlines()
               if line.startswith(("import ", "from "))}
    assert imports <= ALONE, imports


def check_way_back(folder, atto):
    """Trained on, saved, imported: the same weights, and a folder that eval and export take."""
    module = load(folder)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for number, wrapped in enumerate((module.model(True), torch.nn.DataParallel(module.model(True)))):
            saved, out = scratch / "saved.safetensors", scratch / f"out{number}"
            module.save(wrapped, saved)
            subprocess.run([atto, "import", saved, "--design", folder / "design.json", "--out", out], check=True)
            ours, back = module.read(folder / "weights.safetensors"), module.read(out / "weights.safetensors")
            assert ours.keys() == back.keys() and all(ours[name].equal(back[name]) for name in ours)
        module.save(module.model(True, num_classes=3), saved)
        subprocess.run([atto, "import", saved, "--design", folder / "design.json", "--out", scratch / "three"], check=True)


def check_export(folder, atto):
    """atto export runs it, and says so."""
    with tempfile.TemporaryDirectory() as scratch:
        told = subprocess.run([atto, "export", folder, "--to", "pytorch", "--out", scratch, "--json"], check=True,
                              capture_output=True, text=True, env={**os.environ, "PYTHON": sys.executable}).stdout
        (made,) = json.loads(told)
        assert made["agrees"] is True and made["not_run"] == "" and made["max_error"] <= TOLERANCE, made
        assert sorted(os.listdir(scratch)) == ["model.py", "model.safetensors"]


def check_document(folder, atto):
    """The example of the format's page, beside the exported files, and its command."""
    page = (pathlib.Path(__file__).parents[3] / "docs/targets/pytorch.md").read_text()
    begin, end = page.index("    import torch\n"), '    save(net, "tuned.safetensors")\n'
    example = textwrap.dedent(page[begin:page.index(end) + len(end)])
    (command,) = (line.split() for line in page.splitlines() if line.startswith("    atto import tuned."))
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("model.py", "model.safetensors", "design.json"):
            shutil.copy(folder / name, scratch)
        subprocess.run([sys.executable, "-c", example], cwd=scratch, check=True)
        subprocess.run([atto] + command[1:], cwd=scratch, check=True)
        assert (pathlib.Path(scratch) / "tuned/weights.safetensors").exists()


def main(folder, atto):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    folders = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    assert len(folders) > 40
    failed = 0
    for one in folders if len(sys.argv) < 4 else [folder / sys.argv[3]]:
        try:
            check(one)
        except Exception as trouble:  # say all of them
            failed += 1
            print(f"{one.name}: {type(trouble).__name__}: {trouble}")
            if os.environ.get("TRACEBACK"):
                import traceback
                traceback.print_exc()
    check_program(folder / "attonet_28")
    check_way_back(folder / "winner", atto)
    check_export(folder / "winner", atto)
    check_document(folder / "winner", atto)
    print(f"{len(folders) - failed} of {len(folders)} networks agree")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main(*(pathlib.Path(path).resolve() for path in sys.argv[1:3]))
