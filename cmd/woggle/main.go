// The program: one file for each command.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/page"
	"woggle/internal/problem"
)

// program is what every command works with.
type program struct {
	ctx     context.Context
	out     io.Writer
	err     io.Writer
	environ []string
	clouds  func(graph.Cloud) (graph.Endpoints, bool) // where Microsoft is; nil: where it is
}

// commands are what can be typed after "woggle".
type commands struct {
	Demo         demoCommand         `cmd:"" help:"Try Woggle: a sample county on this computer, with phones of its own."`
	Serve        serveCommand        `cmd:"" help:"Run the server."`
	Check        checkCommand        `cmd:"" help:"Explain what is wrong with the settings, and where."`
	User         userCommand         `cmd:"" help:"See to people, while the server runs or not."`
	Helper       helperCommand       `cmd:"" help:"See to who helps the people of which group."`
	Message      messageCommand      `cmd:"" help:"See what was sent, by which routes, and what it cost; try a route."`
	App          appCommand          `cmd:"" help:"See to the apps that people sign in to."`
	Key          keyCommand          `cmd:"" help:"See to the keys with which apps are told who somebody is."`
	Card         cardCommand         `cmd:"" help:"Print cards of codes, for camps and for people without a phone."`
	Policy       policyCommand       `cmd:"" help:"Decide which ways to sign in are allowed, and who is reminded to add another."`
	Field        fieldCommand        `cmd:"" help:"See to the details that the organisation asks people for."`
	Audit        auditCommand        `cmd:"" help:"See what has happened, and whether somebody has changed what is written about it."`
	Backup       backupCommand       `cmd:"" help:"Make an encrypted backup of the database, and prove that it can be put back."`
	Restore      restoreCommand      `cmd:"" help:"Put a backup back, and end what it may have brought back."`
	Restored     restoredCommand     `cmd:"" help:"After a backup was put back by other means: end what it may have brought back."`
	External     externalMFACommand  `cmd:"" name:"external-mfa" help:"Be the second step of sign-ins at Microsoft that keep their passwords there."`
	Version      versionCommand      `cmd:"" help:"Tell the version."`
	Scim         scimCommand         `cmd:"" help:"See to other systems that keep people here, and those in which people are kept from here."`
	Microsoft365 microsoft365Command `cmd:"" name:"microsoft365" help:"Microsoft 365: connect a tenant, send its people here to sign in, see to their accounts."`
}

// Exit statuses.
const (
	failed  = 1 // what was asked for could not be done
	misused = 2 // it could not be understood
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(&program{ctx: ctx, out: os.Stdout, err: os.Stderr, environ: os.Environ()}, os.Args[1:]))
}

// run is the whole program; it returns the exit status.
func run(p *program, args []string) (status int) {
	exited := false
	parser, err := kong.New(&commands{}, kong.Name("woggle"),
		kong.Description("Sign-in for a volunteer organisation. Start with: woggle demo"),
		kong.Writers(p.out, p.err), kong.Exit(func(code int) { exited, status = true, code }), kong.Bind(p),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(p.err, "woggle:", err) // a fault in the structs
		return failed
	}
	command, err := parser.Parse(args)
	if exited { // help was asked for
		return status
	}
	if err != nil {
		fmt.Fprintf(p.err, "woggle: %v\nwoggle --help lists what there is\n", err)
		return misused
	}
	if err := command.Run(); err != nil {
		if !errors.Is(err, errTold) {
			fmt.Fprintln(p.err, "woggle:", sentence(err))
		}
		return failed
	}
	return 0
}

// errTold is an error that was explained already.
var errTold = errors.New("this was explained already")

// sentence is an error in words. The chapters' own problems are keys of the locale files.
func sentence(err error) string {
	var known *problem.Problem
	if !errors.As(err, &known) || known.Kind == problem.Internal {
		return err.Error()
	}
	locales, failure := page.LoadLocales(nil)
	if failure != nil {
		return err.Error()
	}
	view := page.View{Locale: locales.Find("en")}
	if known.Field != "" {
		return known.Field + ": " + string(view.Say(known))
	}
	return string(view.Say(known))
}

// logger writes the log to the standard error, where service managers read it.
func (p *program) logger(json bool) *slog.Logger {
	if json {
		return slog.New(slog.NewJSONHandler(p.err, nil))
	}
	return slog.New(slog.NewTextHandler(p.err, nil))
}
