// The Go subjects of `npm run bench`: the original library, or a bare loop of its SDK. Reports as the
// other subjects do: one JSON line, once it has seen enough.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/dynamodb"
	"github.com/aws/aws-sdk-go/service/kinesis"
	"github.com/twitchscience/kinsumer"
)

type assignment struct {
	Kinesis       string   `json:"kinesis"`
	Dynalite      string   `json:"dynalite"`
	Stream        string   `json:"stream"`
	Application   string   `json:"application"`
	ShardIDs      []string `json:"shardIds"`
	WarmUpRecords int      `json:"warmUpRecords"`
	Records       int      `json:"records"`
	WarmUpMs      int      `json:"warmUpMs"`
	DurationMs    int      `json:"durationMs"`
}

type measurement struct {
	Records       int     `json:"records"`
	CPUMs         float64 `json:"cpuMs"`
	WallMs        float64 `json:"wallMs"`
	PeakBytes     int64   `json:"peakBytes"`
	FirstRecordMs float64 `json:"firstRecordMs"`
	Calls         int     `json:"calls"`
}

type meter struct {
	mutex   sync.Mutex
	task    assignment
	started time.Time
	first   time.Duration
	count   int
	calls   int
	sum     int
	from    *state
}

type state struct {
	cpuMs float64
	at    time.Time
	count int
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func (m *meter) now() *state {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	return &state{float64(cpu) / 1e6, time.Now(), m.count}
}

func (m *meter) passed(count int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.first == 0 {
		m.first = time.Since(m.started)
	}
	m.count += count
	if m.task.Records == 0 {
		return
	}
	if m.from == nil {
		if m.count >= m.task.WarmUpRecords {
			m.from = m.now()
		}
	} else if m.count >= m.from.count+m.task.Records {
		m.end()
	}
}

func (m *meter) end() {
	now := m.now()
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	peak := usage.Maxrss * 1024
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		for _, line := range strings.Split(string(status), "\n") {
			if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
				kib, _ := strconv.ParseInt(fields[1], 10, 64)
				peak = kib * 1024
			}
		}
	}
	line, _ := json.Marshal(measurement{
		Records:       now.count - m.from.count,
		CPUMs:         now.cpuMs - m.from.cpuMs,
		WallMs:        float64(now.at.Sub(m.from.at)) / 1e6,
		PeakBytes:     peak,
		FirstRecordMs: float64(m.first) / 1e6,
		Calls:         m.calls,
	})
	os.Stdout.Write(append(line, '\n'))
	os.Exit(0)
}

// Without records the measurement is ended by time.
func (m *meter) time() {
	time.Sleep(time.Duration(m.task.WarmUpMs) * time.Millisecond)
	m.mutex.Lock()
	m.calls = 0
	m.from = m.now()
	m.mutex.Unlock()
	time.Sleep(time.Duration(m.task.DurationMs) * time.Millisecond)
	m.mutex.Lock()
	m.end()
}

func at(endpoint string) *session.Session {
	return session.Must(session.NewSession(&aws.Config{
		Endpoint:    aws.String(endpoint),
		Region:      aws.String("us-east-1"),
		Credentials: credentials.NewStaticCredentials("go", "canned", ""),
	}))
}

func loop(m *meter, client *kinesis.Kinesis, shardID string) {
	opened, err := client.GetShardIterator(&kinesis.GetShardIteratorInput{
		StreamName:        aws.String(m.task.Stream),
		ShardId:           aws.String(shardID),
		ShardIteratorType: aws.String("TRIM_HORIZON"),
	})
	if err != nil {
		fail(err)
	}
	iterator := opened.ShardIterator
	for {
		answer, err := client.GetRecords(&kinesis.GetRecordsInput{
			ShardIterator: iterator,
			Limit:         aws.Int64(10_000),
		})
		if err != nil {
			fail(err)
		}
		sum := 0
		for _, record := range answer.Records {
			sum += len(record.Data) + int(record.Data[0])
		}
		m.mutex.Lock()
		m.calls++
		m.sum += sum
		m.mutex.Unlock()
		m.passed(len(answer.Records))
		iterator = answer.NextShardIterator
	}
}

func consume(m *meter) {
	config := kinsumer.NewConfig().WithBufferSize(1000).
		WithLeaderActionFrequency(60 * time.Second).WithShardCheckFrequency(60 * time.Second)
	client, err := kinsumer.NewWithInterfaces(
		kinesis.New(at(m.task.Kinesis)), dynamodb.New(at(m.task.Dynalite)),
		m.task.Stream, m.task.Application, "bench", config,
	)
	if err != nil {
		fail(err)
	}
	if err := client.CreateRequiredTables(); err != nil {
		fail(err)
	}
	if err := client.Run(); err != nil {
		fail(err)
	}
	for {
		data, err := client.Next()
		if err != nil {
			continue
		}
		if len(data) > 0 {
			m.sum += len(data) + int(data[0])
		}
		m.passed(1)
		if os.Args[1] == "stall" {
			select {}
		}
	}
}

func main() {
	var task assignment
	if err := json.Unmarshal([]byte(os.Args[2]), &task); err != nil {
		fail(err)
	}
	m := &meter{task: task, started: time.Now()}
	if task.Records == 0 {
		go m.time()
	}
	if os.Args[1] != "sdk" {
		consume(m)
	}
	client := kinesis.New(at(task.Kinesis))
	for _, shardID := range task.ShardIDs {
		go loop(m, client, shardID)
	}
	select {}
}
