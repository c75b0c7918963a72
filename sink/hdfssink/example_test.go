package hdfssink_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
	"github.com/mozilla-services/metlog-go/sink/hdfssink"
)

// The archive ships to the cluster what it has sealed. Here there is no cluster: then its files wait, and the next start
// ships them.
func ExampleNew() {
	dir, err := os.MkdirTemp("", "archive")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	cluster, err := hdfssink.New([]string{"localhost:1"}, "/archive", &hdfssink.Options{User: "metlog"})
	if err != nil {
		log.Fatal(err)
	}
	archive, err := archivesink.New(dir, &archivesink.Options{Ship: cluster})
	if err != nil {
		log.Fatal(err)
	}
	message, err := envelope.Draft{Timestamp: time.Now(), Type: "deploy", Payload: "v42 is out"}.Seal()
	if err != nil {
		log.Fatal(err)
	}
	if err := archive.Send(context.Background(), []envelope.Message{message}); err != nil {
		log.Fatal(err)
	}
	if err := archive.Shutdown(context.Background()); err != nil {
		log.Fatal(err)
	}
	waiting, err := filepath.Glob(filepath.Join(dir, "dt=*", "hour=*", "part-*"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("files that wait:", len(waiting))
	fmt.Println("refused:", strings.Contains(archive.Account().LastError.Error(), "connection refused"))
	// Output:
	// files that wait: 1
	// refused: true
}

// A secured cluster with two namenodes. The files that are named must be there; no connection is made yet.
func ExampleKerberos() {
	_, err := hdfssink.New([]string{"nn1.example.com:8020", "nn2.example.com:8020"}, "/data/metlog", &hdfssink.Options{
		Kerberos: &hdfssink.Kerberos{
			Principal:  "metlog@EXAMPLE.COM",
			Keytab:     "testdata/metlog.keytab",
			Config:     "testdata/krb5.conf",
			Protection: "privacy",
		},
		Replication: 2,
	})
	fmt.Println(errors.Is(err, os.ErrNotExist))
	// Output: true
}

// No name leaves the root.
func ExampleNameError() {
	cluster, err := hdfssink.New([]string{"localhost:8020"}, "/archive", nil)
	if err != nil {
		log.Fatal(err)
	}
	err = cluster.Put(context.Background(), "../etc/passwd", strings.NewReader("root"), 4)
	fmt.Println(err)
	// Output: hdfssink: the name "../etc/passwd" is no relative path
}
