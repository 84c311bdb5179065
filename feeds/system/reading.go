package system

// A reading is the data of an item of the kind system. Fields that could not be
// read are left out.
type reading struct {
	Host       string    `json:"host,omitempty"`
	OS         string    `json:"os,omitempty"`
	Platform   string    `json:"platform,omitempty"` // "debian 13.1"
	Kernel     string    `json:"kernel,omitempty"`
	Arch       string    `json:"arch,omitempty"`
	Uptime     uint64    `json:"uptime,omitempty"` // seconds
	Load       []float64 `json:"load,omitempty"`   // averages over 1, 5 and 15 minutes
	CPUs       *cpus     `json:"cpus,omitempty"`
	Memory     *memory   `json:"memory,omitempty"`
	Interfaces []nic     `json:"interfaces,omitempty"` // by name, at most 32
	Process    *process  `json:"process,omitempty"`    // this program
}

type cpus struct {
	Count int       `json:"count"`           // logical ones
	Model string    `json:"model,omitempty"` // of the first
	Usage *float64  `json:"usage,omitempty"` // percent of all together
	Each  []float64 `json:"each,omitempty"`  // percent of each, at most 256
}

// memory is in bytes.
type memory struct {
	Total     uint64  `json:"total"`
	Available uint64  `json:"available"`
	Free      uint64  `json:"free"`
	Used      uint64  `json:"used"`
	Percent   float64 `json:"percent"` // used of total
	Swap      *swap   `json:"swap,omitempty"`
}

// swap is in bytes.
type swap struct {
	Total   uint64  `json:"total"`
	Used    uint64  `json:"used"`
	Percent float64 `json:"percent"`
}

type nic struct {
	Name      string   `json:"name"`
	Up        bool     `json:"up"`
	RxBytes   uint64   `json:"rx_bytes"`          // since it came up
	TxBytes   uint64   `json:"tx_bytes"`          // since it came up
	RxRate    *float64 `json:"rx_rate,omitempty"` // bytes a second
	TxRate    *float64 `json:"tx_rate,omitempty"` // bytes a second
	Addresses []string `json:"addresses,omitempty"`
}

type process struct {
	RSS        uint64 `json:"rss"` // bytes
	Goroutines int    `json:"goroutines"`
	Uptime     int64  `json:"uptime"` // seconds
}
