// An application's zerolog lines, archived in files that SQL engines read.
package main

import (
	"context"
	"errors"

	"github.com/mozilla-services/metlog-go/sink/archivesink"
	"github.com/mozilla-services/metlog-go/source/metlog"
	"github.com/mozilla-services/metlog-go/source/zerologsource"
	"github.com/rs/zerolog/log"
)

func main() {
	archive, err1 := archivesink.New("metlog-archive", nil)
	m, err2 := metlog.New(archive, &metlog.Options{Logger: "shop"})
	if err := errors.Join(err1, err2); err != nil {
		log.Fatal().Err(err).Send()
	}
	logger := log.Output(zerologsource.New(m, nil))
	logger.Info().Int("hosts", 3).Msg("v42 is out")
	if err := errors.Join(m.Shutdown(context.Background()), archive.Shutdown(context.Background())); err != nil {
		log.Fatal().Err(err).Send()
	}
}
