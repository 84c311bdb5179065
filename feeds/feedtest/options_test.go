package feedtest

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"tickertape/feeds"
)

func TestOptions(t *testing.T) {
	type place struct {
		Name string `option:"name" doc:"A name." required:"true"`
	}
	type good struct {
		Text   string            `option:"text" doc:"A text." default:"x"`
		List   []string          `option:"list" doc:"A list." default:"a,b"`
		Wait   time.Duration     `option:"wait" doc:"A time." default:"5s"`
		Range  feeds.Interval    `option:"range" doc:"A range." default:"1s-3s"`
		Map    map[string]string `option:"map" doc:"A map." secret:"true"`
		Places []place           `option:"places" doc:"Structs."`
	}
	list, err := readOptions(&good{})
	if err != nil || len(list) != 6 || !list[4].Secret || len(list[5].Fields) != 1 || !list[5].Fields[0].Required {
		t.Fatalf("%+v, %v", list, err)
	}
	got, err := newOptions(feeds.Spec{Options: &good{}})
	want := &good{Text: "x", List: []string{"a", "b"}, Wait: 5 * time.Second, Range: feeds.Interval{Min: time.Second, Max: 3 * time.Second}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}

	type bad struct {
		Upper string   `option:"Upper" doc:"A name."`
		NoDoc string   `option:"no_doc"`
		Topic string   `option:"topic" doc:"Every kind has this one."`
		Chan  chan int `option:"chan" doc:"A channel."`
		Text  int      `option:"number" doc:"A number." default:"x"`
		Flag  bool     `option:"flag" doc:"A flag." required:"yes"`
		Both  bool     `option:"both" doc:"A flag." required:"true" default:"true"`
		Again bool     `option:"both" doc:"A flag."`
	}
	_, err = readOptions(&bad{})
	for _, field := range []string{"Upper", "NoDoc", "Topic", "Chan", "Text", "Flag", "Both", "Again"} {
		if err == nil || !strings.Contains(err.Error(), "field "+field+":") {
			t.Errorf("field %s is not refused: %v", field, err)
		}
	}
	if _, err := readOptions(good{}); err == nil {
		t.Error("options that are no pointer are not refused")
	}
}
