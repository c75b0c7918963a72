package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A trial is one run of a receiver process fed by the C sender.
type trial struct {
	frames int
	rate   int    // frames a second, 0: flat out
	corpus string // a file of messages, one a line; "" is the lab's
}

// A cost is what a trial took: nanoseconds a frame, and the receiver's largest resident set in MB if it prints it.
type cost struct{ wall, cpu, resident float64 }

// feed starts the receiver made by command for an endpoint, sends it the trial's frames and waits for its end. The wall
// clock runs from the sender's start to the receiver's end, or to the time it prints (nanoseconds since 1970) if it learns
// late that it is done. CPU is the receiver's and its children's, user and system.
func (l *lab) feed(t trial, command func(endpoint string) *exec.Cmd) (cost, error) {
	endpoint, err := freeEndpoint()
	if err != nil {
		return cost{}, err
	}
	receiver := command(endpoint)
	var printed bytes.Buffer
	receiver.Stdout, receiver.Stderr = &printed, os.Stderr
	if err := receiver.Start(); err != nil {
		return cost{}, err
	}
	stuck := time.AfterFunc(3*time.Minute, func() { _ = receiver.Process.Kill() })
	defer stuck.Stop()
	time.Sleep(300 * time.Millisecond) // bound by now; a sender that comes first would wait for its reconnect
	begin := time.Now()
	corpus := t.corpus
	if corpus == "" {
		corpus = l.corpus
	}
	send := exec.Command(l.path("send"), endpoint, corpus, strconv.Itoa(t.frames), strconv.Itoa(t.rate))
	send.Stderr = os.Stderr
	if err := send.Run(); err != nil {
		_ = receiver.Process.Kill()
		_ = receiver.Wait()
		return cost{}, fmt.Errorf("sender: %w", err)
	}
	if err := receiver.Wait(); err != nil {
		return cost{}, fmt.Errorf("receiver: %w", err)
	}
	wall := time.Since(begin)
	var peak float64 // KiB
	if _, err := fmt.Sscanf(printed.String(), peakPrefix+" %f kB", &peak); err != nil {
		peak = 0
	}
	if nanos, err := strconv.ParseInt(strings.TrimSpace(printed.String()), 10, 64); err == nil {
		wall = time.Unix(0, nanos).Sub(begin)
	}
	usage := receiver.ProcessState.SysUsage().(*syscall.Rusage)
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	return cost{float64(wall) / float64(t.frames), float64(cpu) / float64(t.frames), peak / 1000}, nil
}

func freeEndpoint() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return "tcp://" + listener.Addr().String(), nil
}

// A program is a receiver process to be compared.
type program struct {
	name    string
	command func(endpoint string) *exec.Cmd
}

// race feeds every program once a round and prints wall clock and CPU per frame, then each goal.
func (l *lab) race(t trial, programs []program, wall, cpu []goal) error {
	walls, cpus := make([][]float64, len(programs)), make([][]float64, len(programs))
	for round := range l.rounds + 1 {
		for i, p := range programs {
			c, err := l.feed(t, p.command)
			if err := errors.Join(err, os.RemoveAll(l.output())); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			if round > 0 {
				walls[i], cpus[i] = append(walls[i], c.wall), append(cpus[i], c.cpu)
			}
		}
	}
	names := func(what string) (contenders []contender) {
		for _, p := range programs {
			contenders = append(contenders, contender{name: what + p.name})
		}
		return contenders
	}
	if len(wall) > 0 {
		report(names("wall "), walls, wall)
	}
	report(names("CPU  "), cpus, cpu)
	return nil
}
