package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"switchboard/app/backup"
)

// errOwnBackup: the store is a database that has backups of its own.
var errOwnBackup = errors.New(envPrefix + "_DATABASE_URL names a database: use its own backups (docs/operations.md#files-and-backups)")

// keep is the commands backup and restore.
func keep(ctx context.Context, command string, args []string, stdout io.Writer) error {
	if len(args) != 1 {
		return errUsage
	}
	cfg, err := readConfig()
	if err != nil {
		return err
	}
	if cfg.DatabaseURL != "" {
		return errOwnBackup
	}
	var n backup.Counts
	what := "kept in"
	if command == "backup" {
		n, err = backup.Take(ctx, cfg.DataDir, args[0])
	} else {
		what = "restored from"
		n, err = backup.Restore(ctx, args[0], cfg.DataDir)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	_, err = fmt.Fprintf(stdout, "%s: the store and %d files of uploads, %d bytes, %s %s\n", cfg.DataDir, n.Files, n.Bytes, what, args[0])
	if cfg.UploadConfig.URL != "" && err == nil {
		_, err = fmt.Fprintln(stdout, "uploads are in a bucket, which has backups of its own")
	}
	return err
}
