package exec

import (
	"errors"
	"io"
	"os"
	osexec "os/exec"
	"runtime"
	"strings"
	"sync"
	"time"
)

const (
	drainWait = 200 * time.Millisecond // for what an exited program left in its pipe
	drainMost = 1 << 20                // bytes; the largest pipe that Linux gives without privilege
)

// A process is a running program with our ends of its pipes. The goroutine that
// launch starts owns cmd, awaits the program, and ends when it has exited.
type process struct {
	cmd    *osexec.Cmd
	stdin  *os.File
	stdout *output
	stderr *output
	exited chan struct{} // closed when the program is gone and the fields below are set
	state  *os.ProcessState
	err    error // of waiting, if that failed

	mu   sync.Mutex // guards gone
	gone bool       // the number of the group may be somebody else's from now on
}

// launch starts the program. The caller must see to it that it exits, await exited,
// and then close.
func launch(o *Options) (*process, error) {
	p := &process{exited: make(chan struct{})}
	cmd := osexec.Command(o.Command[0], o.Command[1:]...)
	cmd.Dir = o.Dir
	cmd.Env = environment(cmd.Environ(), o.Env)
	setAttributes(cmd)
	p.cmd = cmd

	theirs, err := p.pipes()
	if err == nil {
		started := make(chan error)
		go p.own(started) // ends with the program, which terminate stops and awaits
		err = <-started
	}
	for _, f := range theirs {
		f.Close()
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// pipes makes the three pipes and returns the program's ends.
func (p *process) pipes() (theirs []*os.File, err error) {
	var ours [3]*os.File
	for i := range ours {
		r, w, err := os.Pipe()
		if err != nil {
			return theirs, err
		}
		mine, his := r, w
		if i == 0 {
			mine, his = w, r
		}
		theirs = append(theirs, his)
		switch i {
		case 0:
			p.stdin, p.cmd.Stdin = mine, his
		case 1:
			p.stdout, p.cmd.Stdout = &output{file: mine, exited: p.exited, left: drainMost}, his
		case 2:
			p.stderr, p.cmd.Stderr = &output{file: mine, exited: p.exited, left: drainMost}, his
		}
	}
	return theirs, nil
}

// own starts the program, reports that on started, and awaits it. On Linux a child
// with a parent-death signal gets it when the thread that started it ends, so this
// goroutine keeps its thread for as long.
func (p *process) own(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	if awaitExit(p.cmd.Process.Pid) {
		// The program is a zombie: nobody else can have its group's number yet.
		p.signal(true, true)
	}
	err := p.cmd.Wait()
	p.signal(false, true)
	var exit *osexec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.err = err
	}
	p.state = p.cmd.ProcessState
	// Whoever inherited the output may hold it open for ever: wake the readers, and
	// let them take no more than what is in the pipe.
	p.stdout.file.SetReadDeadline(time.Now())
	p.stderr.file.SetReadDeadline(time.Now())
	close(p.exited)
}

// signal asks the program's group to end, or kills it; last says that no signal may
// follow. After the last one it does nothing.
func (p *process) signal(kill, last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.gone && (kill || !last) {
		signalGroup(p.cmd.Process, kill)
	}
	p.gone = p.gone || last
}

// terminate ends the program: end of input and a polite signal, then after grace a
// deadly one, both to its group. It returns when the program has exited.
func (p *process) terminate(grace time.Duration) {
	p.stdin.Close()
	select {
	case <-p.exited:
		return
	default:
	}
	p.signal(false, false)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		p.signal(true, false)
		<-p.exited
	}
}

// close closes our ends of the pipes.
func (p *process) close() {
	if p.stdin != nil {
		p.stdin.Close()
	}
	for _, o := range []*output{p.stdout, p.stderr} {
		if o != nil {
			o.file.Close()
		}
	}
}

// environment picks what a program gets of ours and adds its own.
func environment(ours []string, own map[string]string) []string {
	var list []string
	for _, entry := range ours {
		name, _, _ := strings.Cut(entry, "=")
		if _, replaced := own[name]; !replaced && inherited[name] {
			list = append(list, entry)
		}
	}
	for name, value := range own {
		list = append(list, name+"="+value)
	}
	return list
}

// inherited are the variables that a program gets unasked. Windows starts hardly
// anything without the last.
var inherited = map[string]bool{"PATH": true, "HOME": true, "LANG": true, "SYSTEMROOT": true}

// An output reads a pipe of a program to its end: the end of file, or after the
// program has exited, what it left there. One goroutine reads it.
type output struct {
	file   *os.File
	exited <-chan struct{} // closed after the read deadline was set for the last time
	left   int             // bytes to take after the program has exited
}

// Read reads as [io.Reader] says.
func (o *output) Read(b []byte) (int, error) {
	select {
	case <-o.exited:
		return o.drain(b)
	default:
	}
	n, err := o.file.Read(b)
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		<-o.exited
		return o.drain(b)
	}
	return n, err
}

func (o *output) drain(b []byte) (int, error) {
	if o.left <= 0 {
		return 0, io.EOF
	}
	o.file.SetReadDeadline(time.Now().Add(drainWait))
	n, err := o.file.Read(b[:min(len(b), o.left)])
	o.left -= n
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = io.EOF
	}
	return n, err
}
