package main

import (
	"fmt"
	"io"

	"switchboard/app/environ"
)

// showConfig is the command config.
func showConfig(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return environ.Print(stdout, envPrefix, &Config{})
	}
	if len(args) > 1 || args[0] != "-effective" && args[0] != "-check" {
		return errUsage
	}
	cfg, err := loadConfig()
	if args[0] == "-check" {
		if err == nil {
			_, err = fmt.Fprintln(stdout, "the configuration is complete")
		}
		return err
	}
	if shown := environ.PrintEffective(stdout, envPrefix, &cfg); shown != nil {
		return shown
	}
	return err
}
