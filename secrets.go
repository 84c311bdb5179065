package main

import (
	"encoding/base64"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// leastWord is the length from which on a word in a table of secrets, which headers and
// environments are, counts as one of its own: "Bearer" and "text" do not.
const leastWord = 8

// namesSecret matches the names of what is a secret in the query of an address.
var namesSecret = regexp.MustCompile(`(?i)key|token|secret|auth|pass|sig|appid|access`)

// secretsOf returns what must not be shown of the options of a kind: the values of its
// secret options, of addresses only the parts that can be a secret, and those that the
// environment gave for them. Which of them are too short to be hidden is up to the mask.
func secretsOf(options any, fromEnvironment []string) []string {
	list := slices.Clone(fromEnvironment)
	v := reflect.Indirect(reflect.ValueOf(options))
	if v.Kind() != reflect.Struct {
		return list
	}
	for _, o := range optionsOf(v.Type()) {
		switch field := v.FieldByIndex(o.index); {
		case !o.secret:
		case field.Kind() == reflect.String:
			list = append(list, secretsIn(field.String())...)
		case field.Kind() == reflect.Map && field.Type().Elem().Kind() == reflect.String:
			for _, key := range field.MapKeys() {
				for word := range strings.FieldsSeq(field.MapIndex(key).String()) {
					if len(word) >= leastWord {
						list = append(list, secretsIn(word)...)
					}
				}
			}
		}
	}
	return list
}

// secretsIn returns the secrets in a value: all of it, or if it is an address, its
// password and what its query has under names of secrets.
func secretsIn(value string) []string {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" {
		return []string{value}
	}
	var list []string
	if password, ok := u.User.Password(); ok {
		pair := base64.StdEncoding.EncodeToString([]byte(u.User.Username() + ":" + password))
		list = append(list, password, pair) // the pair is how it is sent
	}
	for name, values := range u.Query() {
		if namesSecret.MatchString(name) {
			list = append(list, values...)
		}
	}
	return list
}
