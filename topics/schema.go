package topics

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// compileSchema makes the check of a topic's data. References outside of the
// schema are refused: a configuration must not fetch files or addresses.
func compileSchema(name string, schema []byte) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(noLoader{})
	at := "topic:///" + name // has a path, so that a relative reference leads out of it
	if err := c.AddResource(at, doc); err != nil {
		return nil, err
	}
	return c.Compile(at)
}

type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("reference to %s: a schema must be complete in itself", url)
}

// pointer returns a JSON pointer (RFC 6901).
func pointer(steps ...string) string {
	var b strings.Builder
	for _, step := range steps {
		b.WriteByte('/')
		b.WriteString(strings.NewReplacer("~", "~0", "/", "~1").Replace(step))
	}
	return b.String()
}

// violation turns what the library says into one sentence with the place of the
// first mistake.
func violation(err error) (field, reason string) {
	var v *jsonschema.ValidationError
	if !errors.As(err, &v) {
		return "", err.Error()
	}
	for len(v.Causes) > 0 {
		v = v.Causes[0]
	}
	return pointer(v.InstanceLocation...), v.ErrorKind.LocalizedString(message.NewPrinter(language.English))
}
