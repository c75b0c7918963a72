package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"time"
)

// A drain is a process that takes connections and reads what comes, as a syslog server does that writes nothing. It tells
// how many bytes that were.
type drain struct {
	addr   string
	cmd    *exec.Cmd
	ask    io.WriteCloser
	answer *bufio.Reader
}

func startDrain() (*drain, error) {
	d := &drain{cmd: exec.Command("/proc/self/exe", "receiver", "drain", "127.0.0.1:0", "0")}
	d.cmd.Stderr = os.Stderr
	answer, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if d.ask, err = d.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	d.answer = bufio.NewReader(answer)
	_, err = fmt.Fscanln(d.answer, &d.addr)
	return d, err
}

// read returns how many bytes it has read by now.
func (d *drain) read() (n int64, err error) {
	if _, err := fmt.Fprintln(d.ask); err != nil {
		return 0, err
	}
	_, err = fmt.Fscanln(d.answer, &n)
	return n, err
}

// wait waits until it has read so many.
func (d *drain) wait(bytes int64) error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Microsecond) {
		n, err := d.read()
		if err != nil || n == bytes {
			return err
		}
		if n > bytes {
			return fmt.Errorf("%d bytes too many came", n-bytes)
		}
	}
	return fmt.Errorf("not all of %d bytes came", bytes)
}

func (d *drain) stop() {
	_ = d.ask.Close() // it ends then
	_ = d.cmd.Wait()
}

// drainTCP is that process.
func drainTCP(addr string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	var read atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				scrap := make([]byte, 256<<10)
				for n, err := 0, error(nil); err == nil; read.Add(int64(n)) {
					n, err = conn.Read(scrap)
				}
			}()
		}
	}()
	fmt.Println(listener.Addr())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Println(read.Load())
	}
	return nil
}

// lookAt returns what a server reads when something is sent to it once.
func lookAt(open func(addr string) (send func() error, err error)) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	send, err := open(listener.Addr().String())
	if err != nil {
		return "", err
	}
	sent := make(chan error, 1)
	go func() { sent <- send() }()
	conn, err := listener.Accept()
	if err != nil {
		return "", err
	}
	defer conn.Close()
	var text []byte
	for scrap := make([]byte, 256<<10); ; {
		if err := conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			return "", err
		}
		n, err := conn.Read(scrap)
		text = append(text, scrap[:n]...)
		if err != nil {
			return string(text), <-sent
		}
	}
}
