package topics

import (
	"bytes"
	"errors"
	"fmt"

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
	at := "topic:" + name
	if err := c.AddResource(at, doc); err != nil {
		return nil, err
	}
	return c.Compile(at)
}

type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("reference to %s: a schema must be complete in itself", url)
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
	for _, step := range v.InstanceLocation {
		field += "/" + step
	}
	return field, v.ErrorKind.LocalizedString(message.NewPrinter(language.English))
}
