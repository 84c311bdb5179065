package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

// options are what the command line says.
type options struct {
	rounds     int
	quick      bool
	again      int
	only       string
	servers    string
	output     string // JSON; "" for none
	write      bool   // rewrite the results in README.md, and the plots
	server     string // a ready binary; "" builds one
	data       string // folder for the servers' logs; "" is the system's for temporary files
	serverCore []int
	loadCore   []int
	from       string // JSON of an earlier run to print again; "" measures
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == roleArgument {
		exit(runRole(os.Args[2:]))
	}
	o, err := parseOptions(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		exit(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(run(ctx, o))
}

// exit ends the program, with a line on standard error and status 1 if err is not nil.
func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run measures, or reads what was measured, prints the table and writes what was asked for.
// When ctx ends, it does so with what there is.
func run(ctx context.Context, o options) error {
	var r *report
	var err error
	if o.from != "" {
		r, err = readReport(o.from)
	} else {
		r, err = measure(ctx, o)
	}
	if r == nil {
		return err
	}
	r.Findings = findings(r.Samples)
	fmt.Println()
	printTable(os.Stdout, r)
	if o.output != "" && o.from == "" {
		err = errors.Join(err, r.save(o.output))
	}
	if o.write {
		err = errors.Join(err, writeReadme("README.md", r), drawPlots("plots", r))
	}
	return err
}

func parseOptions(args []string) (o options, err error) {
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.IntVar(&o.rounds, "rounds", 5, "`number` of rounds; figures are medians of them")
	set.BoolVar(&o.quick, "quick", false, "one round with short windows, for a first look")
	set.IntVar(&o.again, "again", 2, "`times` to repeat a measurement that other programs disturbed; the least disturbed counts")
	set.StringVar(&o.only, "only", "", "comma-separated beginnings of the `names` of what to measure, as rate,flood,idle-19000")
	set.StringVar(&o.servers, "servers", "", "comma-separated `names` of the servers to measure, as floor,epoll; all if empty")
	set.StringVar(&o.output, "o", "results.json", "`file` for all numbers, as JSON; empty for none")
	set.BoolVar(&o.write, "write", false, "write the table into README.md and the plots beside it")
	set.StringVar(&o.server, "server", "", "server `binary` to measure; built from the repository if empty")
	set.StringVar(&o.data, "data", "", "`folder` on the disk to keep the servers' logs on; the system's temporary folder if empty")
	set.StringVar(&o.from, "from", "", "print the results in this JSON `file` again and measure nothing")
	server := set.String("server-cores", "0", "`cores` for the server, as 0 or 0,2")
	load := set.String("load-core", "1", "`core` for the load generator")
	if err := set.Parse(args); err != nil {
		return o, err
	}
	if set.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q", set.Arg(0))
	}
	if o.quick {
		o.rounds, o.again = 1, 0
	}
	if o.rounds < 1 {
		return o, fmt.Errorf("-rounds %d: at least one", o.rounds)
	}
	if o.serverCore, err = cores(*server); err != nil {
		return o, fmt.Errorf("-server-cores: %w", err)
	}
	if o.loadCore, err = cores(*load); err != nil {
		return o, fmt.Errorf("-load-core: %w", err)
	}
	return o, nil
}

func cores(list string) (all []int, err error) {
	for word := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is no number of a core", word)
		}
		all = append(all, n)
	}
	return all, nil
}
