package main

import (
	"context"
	"flag"
	"io"

	"switchboard/app/pairing/simulator"
)

// simulate reads the simulator's flags; their defaults are simulator.DefaultConfig.
func simulate(ctx context.Context, args []string, stdout io.Writer) error {
	cfg := simulator.DefaultConfig()
	flags := flag.NewFlagSet("simulate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&cfg.Scenario, "scenario", cfg.Scenario, "")
	flags.IntVar(&cfg.Candidates, "candidates", cfg.Candidates, "")
	flags.DurationVar(&cfg.Horizon, "horizon", cfg.Horizon, "")
	flags.Float64Var(&cfg.AsksPerSec, "asks", cfg.AsksPerSec, "")
	flags.Float64Var(&cfg.Day, "day", cfg.Day, "")
	flags.Float64Var(&cfg.Affinity, "affinity", cfg.Affinity, "")
	flags.Uint64Var(&cfg.Seed, "seed", cfg.Seed, "")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return errUsage
	}
	return simulator.Run(ctx, cfg, stdout)
}
