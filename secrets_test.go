package main

import (
	"slices"
	"strings"
	"testing"
)

func TestSecretsOfOptions(t *testing.T) {
	got := secretsOf(&tideOptions{
		URL:     "http://not.secret/abcdefgh",
		Token:   "http://ann:hunter22@tides.example/now?station=north-pier&api_key=k%2F123",
		Headers: map[string]string{"Authorization": "Bearer topsecret", "Accept": "text/xml"},
	}, []string{"of the environment"})
	slices.Sort(got)
	if want := "YW5uOmh1bnRlcjIy|hunter22|k/123|of the environment|text/xml|topsecret"; strings.Join(got, "|") != want {
		t.Errorf("%q, want %s", got, want)
	}
}
