"""Maps the four top-level folders into the one namespace `assay`; pyproject.toml holds everything else."""

from setuptools import find_packages, setup

FOLDERS = ("scanner", "detectors", "policies", "reports")

# A package that is missing from the list would be silently absent from the wheel, so the list is computed.
packages = [
    f"assay.{folder}" + (f".{found}" if found else "") for folder in FOLDERS for found in ("", *find_packages(folder))
]
setup(packages=packages, package_dir={f"assay.{folder}": folder for folder in FOLDERS})
