"""Whether a service still answers in the shape that was recorded; the words are its own affair."""

from mockglm.verify.drift import Drift, drift
from mockglm.verify.run import Finding, Verdict, verify
from mockglm.verify.shape import Shape, shape

__all__ = ["Drift", "Finding", "Shape", "Verdict", "drift", "shape", "verify"]
