package main

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"tickertape/topics"
)

// environment is the program's environment, by name.
type environment map[string]string

// newEnvironment reads "NAME=value" entries; of a name that is there twice the
// last one counts.
func newEnvironment(environ []string) environment {
	env := make(environment, len(environ))
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && name != "" {
			env[name] = value
		}
	}
	return env
}

// lookup returns the value of a variable and whether it is set.
func (env environment) lookup(name string) (string, bool) {
	value, ok := env[name]
	return value, ok
}

// serviceVariable matches what Kubernetes sets in every container of a namespace
// that has a service called tickertape, or tickertape-something.
var serviceVariable = regexp.MustCompile(`^TICKERTAPE_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// apply sets the fields of cfg that have a variable and returns what is wrong with
// the values.
func (env environment) apply(cfg *Config) []string {
	var wrong []string
	v := reflect.ValueOf(cfg).Elem()
	for _, o := range configOptions() {
		text, set := env[o.variable()]
		if !set || !o.allows("env") {
			continue
		}
		if err := o.setText(v.FieldByIndex(o.index), text); err != nil {
			wrong = append(wrong, o.variable()+": "+err.Error())
		}
		cfg.origins[o.name] = "environment"
	}
	return wrong
}

// unknown returns a complaint for each variable that looks like ours and is neither
// an option nor named by a secret of the file.
func (env environment) unknown(named map[string]bool) []string {
	var ours []string
	for _, o := range configOptions() {
		if o.allows("env") {
			ours = append(ours, o.variable())
		}
	}
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !strings.HasPrefix(name, envPrefix) || slices.Contains(ours, name) || named[name] || serviceVariable.MatchString(name) {
			continue
		}
		text := "unknown environment variable " + name
		if near := topics.Nearest(name[len(envPrefix):], trimPrefixes(ours)); near != "" {
			text += "; did you mean " + envPrefix + near + "?"
		} else {
			text += "; tickertape --help shows all that begin with " + envPrefix
		}
		wrong = append(wrong, text)
	}
	return wrong
}

func trimPrefixes(names []string) []string {
	short := make([]string, len(names))
	for i, name := range names {
		short[i] = strings.TrimPrefix(name, envPrefix)
	}
	return short
}
