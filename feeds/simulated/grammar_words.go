package simulated

// places is the small coast that every headline comes from. None of it exists.
var places = map[string][]string{
	"town": {
		"Saltmere", "Gullhaven", "Port Amber", "Lower Wexby", "Thistlewick", "Brindle Bay", "Nettlewick",
		"Upper Quill", "Marrowgate", "Pebblecross", "Hollowmere", "Otterbridge", "Windlesound", "Cinder Point",
		"Tansy Cove", "Dapplewater", "Lanternby", "Foghorn Flats",
	},
	"water": {"Windle Sound", "Saltmere Bay", "the Otter estuary", "the Amber Channel", "Hollow Fjord"},
	"venue": {
		"library", "observatory", "fish market", "concert hall", "lighthouse", "botanical garden", "swimming baths",
		"town hall", "customs house", "planetarium", "clock museum", "puppet theatre", "market hall", "boathouse",
	},
	"street": {
		"Candle Street", "Ropewalk Lane", "Mussel Steps", "Beacon Hill", "Capstan Square", "Pickle Alley",
		"Old Mill Road", "Herring Row", "Quince Avenue", "Bellfounders' Yard", "Long Pier Road", "Kettle Lane",
	},
	"ferry": {
		"Patient Heron", "Second Sunday", "Old Cardigan", "Tin Whistle", "Blue Teapot", "Grey Mitten",
		"Merry Anchovy", "Early Riser", "Brass Button", "Polite Otter", "Lemon Drop", "Long Afternoon",
	},
	"source": {
		"Saltmere Courier", "The Pier Post", "Quayside Wire", "Otterbridge Observer", "Brindle Bay Bulletin",
		"Gullhaven Gazette", "The Thistlewick Times", "Port Amber Press", "The Marrowgate Mail", "Tape and Tide",
	},
	"firm": {
		"Acme", "Gull & Tern Ferries", "Butterbun Bakeries", "Lumopine Energy", "Quayside Cranes",
		"Orbiquill Satellites", "Plumwick Software", "Tick & Tock Clockworks", "Kelpwell Foods", "Yuzumaru Robotics",
		"Fjordlight Hydro", "Woollyhat Textiles", "Maplemoon Syrups", "Dunehopper Rail", "Inkyfoot Press",
		"Pixelpuddle Games", "Zeppelow Airships", "Thimblewood Furniture",
	},
}

// things are the words that stories on any subject share.
var things = map[string][]string{
	"weekday": {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"},
	"ordinal": {"third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"},
	"colour":  {"sea green", "mustard yellow", "brick red", "cornflower blue", "cream", "copper", "plum", "lilac", "slate grey"},
	"count":   {"two", "three", "four", "five", "six", "seven", "eight", "nine"},
	"lasting": {"a quarter of an hour", "half an hour", "three quarters of an hour", "an hour", "an hour and a half", "two hours"},
	"role": {
		"postal worker", "baker", "tram driver", "librarian", "piano tuner", "beekeeper", "harbour pilot",
		"clockmaker", "gardener", "bookbinder", "boatbuilder", "school caretaker", "cartographer", "glassblower",
	},
	"roles": {
		"postal workers", "bakers", "tram drivers", "librarians", "piano tuners", "beekeepers", "harbour pilots",
		"clockmakers", "gardeners", "bookbinders", "boatbuilders", "mapmakers", "lamplighters",
	},
	"pupils": {"school pupils", "apprentices", "sea scouts", "students", "evening class members", "neighbours"},
	"instrument": {
		"cello", "clarinet", "harp", "accordion", "viola", "trombone", "oboe", "double bass", "marimba", "French horn",
	},
	"oddInstrument": {
		"foghorn", "typewriter", "bicycle bells", "ship's bell", "wine glasses", "garden hose", "musical saw",
		"steam whistle", "wooden spoons", "rain barrel",
	},
	"festival": {
		"kites", "short films", "accordions", "paper lanterns", "sea songs", "board games", "shadow puppets",
		"model railways", "brass bands", "bookbinding", "street pianos", "sand sculpture", "hot-air balloons",
	},
	"dish": {
		"leek and potato soup", "pea soup", "fish stew", "mushroom pie", "barley risotto", "lentil curry",
		"buckwheat pancakes", "roasted squash", "cheese dumplings", "tomato tart", "bean chilli", "spinach noodles",
	},
	"pastry": {
		"cardamom bun", "rhubarb tart", "poppy seed roll", "almond crescent", "plum turnover", "cinnamon knot",
		"lemon slice", "apple doughnut", "walnut twist", "cherry scone", "pear and ginger cake",
	},
	"vegetable": {
		"carrots", "runner beans", "courgettes", "beetroot", "potatoes", "tomatoes", "leeks", "sweetcorn", "onions",
	},
	"flavour": {
		"sea salt and pear", "rye bread", "basil and lime", "burnt honey", "gooseberry", "black sesame", "elderflower",
		"apple and bay leaf", "brown butter", "liquorice and lemon", "roasted plum",
	},
	"bird": {
		"herons", "kingfishers", "puffins", "swifts", "storks", "barn owls", "terns", "cormorants", "wagtails",
		"oystercatchers", "eiders", "sandpipers",
	},
	"swimmer": {"harbour porpoises", "grey seals", "basking sharks", "moon jellyfish", "seahorses", "otters", "sea trout"},
	"tree":    {"lime trees", "apple trees", "willows", "hazels", "cherry trees", "oaks", "rowans", "walnut trees"},
	"robot": {
		"robot arm", "small drone", "underwater robot", "six-legged robot", "robot lawnmower", "delivery robot",
	},
	"gadget": {
		"weather station", "tide clock", "shortwave radio", "telescope", "wind turbine", "kite camera", "star projector",
		"water organ", "loom", "solar oven",
	},
	"scrap": {
		"old bicycle parts", "retired phones", "cardboard and string", "washing machine drums", "driftwood",
		"umbrella frames", "piano wire", "biscuit tins", "ship's rope",
	},
	"app": {"Snugmap", "Lampwright", "Penwhistle", "Kettlenote", "Barnaclebase", "Tidewise", "Fernscript", "Mothboard"},
}
