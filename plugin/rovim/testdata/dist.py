"""dist.py SETUP.CFG FOLDER: write what an installation leaves for importlib.metadata.

It spares the tests an installer: the entry points are those of setup.cfg.
"""

import configparser
import pathlib
import sys

config = configparser.ConfigParser()
config.read(sys.argv[1])
name, version = config["metadata"]["name"], config["metadata"]["version"]
folder = pathlib.Path(sys.argv[2], f"{name}-{version}.dist-info")
folder.mkdir()
(folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
groups = [f"[{g}]{points}\n" for g, points in config["options.entry_points"].items()]
(folder / "entry_points.txt").write_text("\n".join(groups))
