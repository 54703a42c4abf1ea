"""Times what this machine does; `compare`, `tune` and `agreement` are commands of their own."""

from benchmarks import deploy, emu_speed

deploy.main()
emu_speed.main()
