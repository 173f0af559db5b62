"""How long JAX has compiled: it compiles at the first call, in the midst of what is timed."""

from jax import monitoring

PREFIX, PARTS = "/jax/core/compile/", ("jaxpr_to_mlir_module_duration", "backend_compile_duration")


class CompileClock:
    """Seconds of lowering and compiling since this was made."""

    def __init__(self) -> None:
        self.seconds = 0.0
        monitoring.register_event_duration_secs_listener(self._listen)

    def _listen(self, event: str, seconds: float, **_: object) -> None:
        if event.removeprefix(PREFIX) in PARTS:
            self.seconds += seconds
