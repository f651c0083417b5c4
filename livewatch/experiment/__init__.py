"""An experiment as a TOML file: read, refused in one line, or written with comments."""

from livewatch.experiment.reading import experiment_of, load_experiment
from livewatch.experiment.writing import dump, template

__all__ = ["dump", "experiment_of", "load_experiment", "template"]
