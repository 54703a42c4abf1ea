"""Runs every benchmark of this folder."""

from benchmarks import deploy, emu_speed

deploy.main()
emu_speed.main()
