"""Take a fitted network out of the house: one ONNX file, in float or in 8-bit integers, with its parity measured."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from salus.schema.errors import MissingDependencyError, StoreError

LONGEST_CALIBRATION = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An ONNX file and how far it is from the network it came from.

    Attributes:
        path: The file.
        size: Bytes.
        largest_difference: Of any output on the calibration rows.
        agreement: Share of calibration rows whose largest output is the same.
    """

    path: Path
    size: int
    largest_difference: float
    agreement: float


def export_onnx(network: nn.Module, rows: Tensor, path: Path) -> Exported:
    """Write a network in 32-bit floats.

    Args:
        network: Maps `(N, ...)` to `(N, K)`; is put into evaluation mode.
        rows: `(N, ...)`, real inputs on which the file is compared with the network.
        path: Where the file goes.

    Raises:
        MissingDependencyError: The extra `export` is not installed.
        StoreError: The network cannot be exported, or the file answers differently.
    """
    _require()
    import logging
    import warnings

    network.eval()
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns of its own deprecations, nothing a user can mend
            torch.onnx.export(
                network,
                (rows[:2],),
                str(path),
                input_names=["rows"],
                output_names=["logits"],
                dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
                external_data=False,
                verbose=False,
            )
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as problem:
        raise StoreError(f"{type(network).__name__} cannot be written as ONNX: {str(problem)[:300]}") from problem
    finally:
        quiet.setLevel(level)
    found = _compare(network, rows, path)
    if not found.largest_difference <= 1e-3:
        raise StoreError(f"{path.name} answers up to {found.largest_difference:.3g} away from the network; not usable")
    return found


def export_int8(network: nn.Module, rows: Tensor, path: Path) -> Exported:
    """Write a network with 8-bit convolutions, products and LSTM weights.

    Activations of convolutions get fixed ranges from `rows`; LSTM and matrix products scale theirs as they run.

    Args:
        network: Maps `(N, ...)` to `(N, K)`; is put into evaluation mode.
        rows: `(N, ...)`, training inputs that show the ranges of activations; the first 512 are used.
        path: Where the file goes.

    Raises:
        MissingDependencyError: The extra `export` is not installed.
        StoreError: The network cannot be exported.
    """
    _require()
    import tempfile
    import warnings

    from onnxruntime.quantization import CalibrationMethod, QuantType, quantize_dynamic, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    rows = rows[:LONGEST_CALIBRATION]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain, merged, products = (Path(folder) / f"{name}.onnx" for name in ("plain", "merged", "products"))
        export_onnx(network, rows, plain)
        quant_pre_process(plain, merged, skip_symbolic_shape=True)
        quantize_dynamic(merged, products, op_types_to_quantize=["LSTM", "MatMul", "Gemm"], weight_type=QuantType.QInt8)
        quantize_static(
            products,
            path,
            _Rows(rows.numpy()),
            op_types_to_quantize=["Conv"],
            per_channel=True,
            calibrate_method=CalibrationMethod.MinMax,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
        )
    return _compare(network, rows, path)


class OnnxNetwork:
    """Answers rows with an ONNX file on one thread, as a small device would.

    Args:
        path: What `export_onnx` or `export_int8` wrote.

    Raises:
        MissingDependencyError: The extra `export` is not installed.
    """

    def __init__(self, path: Path) -> None:
        _require()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.name = self.session.get_inputs()[0].name

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map `(N, ...)` to `(N, K)`."""
        return np.asarray(self.session.run(None, {self.name: rows})[0], dtype=np.float32)


class _Rows:
    """Feeds the calibration in small batches."""

    def __init__(self, rows: NDArray[np.float32], size: int = 32) -> None:
        self.parts = iter([rows[i : i + size] for i in range(0, len(rows), size)])

    def get_next(self) -> dict[str, Any] | None:
        """Return the next batch by input name, None at the end."""
        part = next(self.parts, None)
        return None if part is None else {"rows": part}


def _compare(network: nn.Module, rows: Tensor, path: Path) -> Exported:
    with torch.no_grad():
        truth = network(rows).numpy()
    answer = OnnxNetwork(path)(rows.numpy())
    return Exported(
        path=path,
        size=path.stat().st_size,
        largest_difference=float(np.abs(answer - truth).max()),
        agreement=float((answer.argmax(axis=1) == truth.argmax(axis=1)).mean()),
    )


def _require() -> None:
    import importlib.util

    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingDependencyError(
            f"writing ONNX needs {', '.join(missing)}; install with: pip install 'salus-workbench[export]'"
        )
