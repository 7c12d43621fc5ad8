// A client of the original library, for `npm run interop`: it consumes a stream, prints one JSON
// line a record, and stops in order at SIGTERM. The Go library chooses its client ID itself, a
// random UUID; `-name` is how the harness recognises its rows.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/dynamodb"
	"github.com/aws/aws-sdk-go/service/kinesis"
	"github.com/twitchscience/kinsumer"
)

type line struct {
	Type    string `json:"type"`
	Data    string `json:"data,omitempty"`
	Message string `json:"message,omitempty"`
}

// Every line is one write, so that a SIGKILL loses none that was printed.
func tell(what line) {
	text, err := json.Marshal(what)
	if err != nil {
		fail(err)
	}
	os.Stdout.Write(append(text, '\n'))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func milliseconds(name string, value int) *int {
	return flag.Int(name, value, "milliseconds")
}

func main() {
	stream := flag.String("stream", "", "the stream")
	application := flag.String("application", "", "prefix of the tables")
	name := flag.String("name", "", "the client's name")
	kinesisEndpoint := flag.String("kinesis", "", "endpoint")
	dynamodbEndpoint := flag.String("dynamodb", "", "endpoint")
	region := flag.String("region", "us-east-1", "region")
	shardCheck := milliseconds("shard-check-ms", 60_000)
	leaderAction := milliseconds("leader-action-ms", 60_000)
	commit := milliseconds("commit-ms", 1_000)
	throttle := milliseconds("throttle-ms", 250)
	work := milliseconds("work-ms", 0)
	buffer := flag.Int("buffer", 100, "records")
	flag.Parse()

	config := kinsumer.NewConfig().
		WithShardCheckFrequency(time.Duration(*shardCheck) * time.Millisecond).
		WithLeaderActionFrequency(time.Duration(*leaderAction) * time.Millisecond).
		WithCommitFrequency(time.Duration(*commit) * time.Millisecond).
		WithThrottleDelay(time.Duration(*throttle) * time.Millisecond).
		WithBufferSize(*buffer)
	at := func(endpoint string) *session.Session {
		return session.Must(session.NewSession(&aws.Config{
			Endpoint: aws.String(endpoint),
			Region:   aws.String(*region),
		}))
	}
	client, err := kinsumer.NewWithInterfaces(
		kinesis.New(at(*kinesisEndpoint)),
		dynamodb.New(at(*dynamodbEndpoint)),
		*stream, *application, *name, config,
	)
	if err != nil {
		fail(err)
	}
	if err := client.Run(); err != nil {
		fail(err)
	}
	tell(line{Type: "started"})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
		<-signals
		client.Stop()
	}()
	for {
		data, err := client.Next()
		if err != nil {
			tell(line{Type: "error", Message: err.Error()})
			continue
		}
		if data == nil {
			break
		}
		tell(line{Type: "record", Data: string(data)})
		time.Sleep(time.Duration(*work) * time.Millisecond)
	}
	// Records end before the client has left the clients table: wait for that too.
	<-stopped
	tell(line{Type: "stopped"})
}
