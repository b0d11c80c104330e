-- A book as version 4 of the schema wrote it: `full_story` of ledger_books.py at that time.
BEGIN TRANSACTION;
CREATE TABLE account (
	site TEXT NOT NULL, 
	id TEXT NOT NULL, 
	normal TEXT NOT NULL, 
	dr INTEGER NOT NULL, 
	cr INTEGER NOT NULL, 
	dr_pending INTEGER NOT NULL, 
	cr_pending INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	PRIMARY KEY (site, id), 
	FOREIGN KEY(site) REFERENCES book (site), 
	CHECK (normal IN ('D', 'C')), 
	CHECK (dr >= 0 AND cr >= 0 AND dr_pending >= 0 AND cr_pending >= 0)
)
 STRICT

;
INSERT INTO "account" VALUES('riverside_mall','asset:cash','D',290000000000,0,1000000000,0,7);
INSERT INTO "account" VALUES('riverside_mall','liability:tenant:A-101:electricity','C',734567000,290000000000,0,1000000000,10);
INSERT INTO "account" VALUES('riverside_mall','income:energy:flat','C',0,487667000,0,0,2);
INSERT INTO "account" VALUES('riverside_mall','income:energy:peak','C',0,246900000,0,0,1);
CREATE TABLE announcement (
	site TEXT NOT NULL, 
	account TEXT NOT NULL, 
	level INTEGER, 
	PRIMARY KEY (site, account), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
INSERT INTO "announcement" VALUES('riverside_mall','A-101',100000000000);
CREATE TABLE approval (
	site TEXT NOT NULL, 
	id TEXT NOT NULL, 
	content TEXT NOT NULL, 
	asked_by TEXT NOT NULL, 
	asked_at INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	decided_by TEXT NOT NULL, 
	decided_at INTEGER, 
	PRIMARY KEY (site, id), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE auto_top_up (
	site TEXT NOT NULL, 
	account TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	means TEXT NOT NULL, 
	enabled INTEGER NOT NULL, 
	threshold INTEGER NOT NULL, 
	amount INTEGER NOT NULL, 
	changed_at INTEGER NOT NULL, 
	last_order TEXT NOT NULL, 
	PRIMARY KEY (site, account), 
	FOREIGN KEY(site) REFERENCES book (site), 
	CHECK (amount > 0)
)
 STRICT

;
CREATE TABLE batch (
	site TEXT NOT NULL, 
	id TEXT NOT NULL, 
	action TEXT NOT NULL, 
	at INTEGER NOT NULL, 
	user TEXT NOT NULL, 
	content TEXT NOT NULL, 
	PRIMARY KEY (site, id), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE bill_line (
	site TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	day TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	ref TEXT NOT NULL, 
	order_id TEXT NOT NULL, 
	amount INTEGER NOT NULL, 
	fee INTEGER NOT NULL, 
	currency TEXT NOT NULL, 
	at INTEGER NOT NULL, 
	read_at INTEGER NOT NULL, 
	PRIMARY KEY (site, provider, day, kind, ref), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE bill_mark (
	site TEXT NOT NULL, 
	meter TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	wh INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	registers TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (site, meter, generation), 
	FOREIGN KEY(site, meter, generation) REFERENCES register_generation (site, meter, generation)
)
 STRICT

;
INSERT INTO "bill_mark" VALUES('riverside_mall','33B0250100001',1,3250,1795524300000000,4,'');
INSERT INTO "bill_mark" VALUES('riverside_mall','33B0250100001',2,90,1795529700000000,2,'');
CREATE TABLE book (
	site TEXT NOT NULL, 
	currency TEXT NOT NULL, 
	scale INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	created_at INTEGER NOT NULL, 
	schema_version INTEGER NOT NULL, 
	PRIMARY KEY (site), 
	CHECK (kind IN ('real', 'sandbox'))
)
 STRICT

;
INSERT INTO "book" VALUES('riverside_mall','CNY',9,'real',1795521601000000,4);
CREATE TABLE cash_close (
	site TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	user TEXT NOT NULL, 
	through INTEGER NOT NULL, 
	expected INTEGER NOT NULL, 
	counted INTEGER NOT NULL, 
	difference INTEGER NOT NULL, 
	content TEXT NOT NULL, 
	PRIMARY KEY (site, number), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE cash_receipt (
	site TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	account TEXT NOT NULL, 
	amount INTEGER NOT NULL, 
	transfer_id TEXT NOT NULL, 
	at INTEGER NOT NULL, 
	user TEXT NOT NULL, 
	approver TEXT NOT NULL, 
	PRIMARY KEY (site, number), 
	FOREIGN KEY(site, transfer_id) REFERENCES transfer (site, id), 
	CHECK (number > 0)
)
 STRICT

;
CREATE TABLE chain_head (
	site TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	hash TEXT NOT NULL, 
	epoch INTEGER NOT NULL, 
	holder TEXT NOT NULL, 
	taken_at INTEGER NOT NULL, 
	token TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (site), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
INSERT INTO "chain_head" VALUES('riverside_mall',10,'2523af7d8aaf514caa09bb16ef3e4c60a8d49e4d58dd75226a87b6e9451c1b53',1,'test',1795521601000000,'bb74fa27fa074250b16d83d95e6e568f');
CREATE TABLE charge (
	site TEXT NOT NULL, 
	meter TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	from_wh INTEGER NOT NULL, 
	to_wh INTEGER NOT NULL, 
	from_at INTEGER NOT NULL, 
	to_at INTEGER NOT NULL, 
	account TEXT NOT NULL, 
	tariff TEXT NOT NULL, 
	tariff_valid_from TEXT NOT NULL, 
	revision INTEGER DEFAULT 1 NOT NULL, 
	period TEXT NOT NULL, 
	tier INTEGER NOT NULL, 
	price INTEGER NOT NULL, 
	amount INTEGER NOT NULL, 
	estimated INTEGER NOT NULL, 
	transfer_id TEXT, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (site, meter, generation, from_wh), 
	UNIQUE (site, meter, generation, to_wh), 
	UNIQUE (site, transfer_id), 
	FOREIGN KEY(site, meter, generation) REFERENCES register_generation (site, meter, generation), 
	FOREIGN KEY(site, transfer_id) REFERENCES transfer (site, id), 
	CHECK (to_wh > from_wh AND to_at >= from_at), 
	CHECK ((transfer_id IS NULL) = (amount = 0))
)
 WITHOUT ROWID,
 STRICT

;
INSERT INTO "charge" VALUES('riverside_mall','33B0250100001',1,1000,1700,1795521600000000,1795522500000000,'A-101','Retail','2026-01-01',1,'flat',1,617300,432110000,0,'chg:33B0250100001:1:1000','');
INSERT INTO "charge" VALUES('riverside_mall','33B0250100001',1,1700,3000,1795522500000000,1795523400000000,'A-101','Retail','2026-01-01',1,'free',1,0,0,0,NULL,'e2118bb5452f1d5176160863c9ee4ee305e54559ad20b718d0bb9617c6e88df4');
INSERT INTO "charge" VALUES('riverside_mall','33B0250100001',1,3000,3250,1795523400000000,1795524300000000,'A-101','Retail','2026-01-01',1,'peak',1,987600,246900000,0,'chg:33B0250100001:1:3000','');
INSERT INTO "charge" VALUES('riverside_mall','33B0250100001',2,0,90,1795528800000000,1795529700000000,'A-101','Retail','2026-01-01',1,'flat',1,617300,55557000,0,'chg:33B0250100001:2:0','');
CREATE TABLE correction (
	site TEXT NOT NULL, 
	run TEXT NOT NULL, 
	meter TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	charge_from_wh INTEGER NOT NULL, 
	from_wh INTEGER NOT NULL, 
	to_wh INTEGER NOT NULL, 
	from_at INTEGER NOT NULL, 
	to_at INTEGER NOT NULL, 
	tariff TEXT NOT NULL, 
	tariff_valid_from TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	period TEXT NOT NULL, 
	tier INTEGER NOT NULL, 
	price INTEGER NOT NULL, 
	amount INTEGER NOT NULL, 
	tax_ppm INTEGER NOT NULL, 
	estimated INTEGER NOT NULL, 
	PRIMARY KEY (site, run, meter, generation, from_wh), 
	FOREIGN KEY(site, meter, generation, charge_from_wh) REFERENCES charge (site, meter, generation, from_wh), 
	CHECK (to_wh > from_wh AND from_wh >= charge_from_wh)
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE credit_watch (
	site TEXT NOT NULL, 
	account TEXT NOT NULL, 
	days_told INTEGER, 
	noticed_at INTEGER, 
	put_off_until INTEGER, 
	put_off_why TEXT NOT NULL, 
	reminded_for INTEGER, 
	grace_until INTEGER, 
	disputed_at INTEGER, 
	dispute_reason TEXT NOT NULL, 
	adapts_until INTEGER, 
	shadow_cut_at INTEGER, 
	PRIMARY KEY (site, account), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE debt (
	site TEXT NOT NULL, 
	account TEXT NOT NULL, 
	name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	ppm INTEGER NOT NULL, 
	amount INTEGER NOT NULL, 
	per TEXT NOT NULL, 
	due INTEGER NOT NULL, 
	due_through TEXT, 
	opened_at INTEGER NOT NULL, 
	user TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (site, account, name), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE decision (
	site TEXT NOT NULL, 
	account TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	at INTEGER NOT NULL, 
	until INTEGER, 
	user TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	available INTEGER NOT NULL, 
	PRIMARY KEY (site, account, number), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE demand_peak (
	site TEXT NOT NULL, 
	account TEXT NOT NULL, 
	month TEXT NOT NULL, 
	item TEXT NOT NULL, 
	quantity INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	PRIMARY KEY (site, account, month, item), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE document (
	site TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	version TEXT NOT NULL, 
	content TEXT NOT NULL, 
	PRIMARY KEY (site, kind, name, version), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
INSERT INTO "document" VALUES('riverside_mall','tariff','Retail','2026-01-01','{"prices":{"flat":"0.6173","free":"0","peak":"0.9876"},"tiers":[]}');
CREATE TABLE fee (
	site TEXT NOT NULL, 
	account TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	day TEXT NOT NULL, 
	item TEXT NOT NULL, 
	tariff TEXT NOT NULL, 
	tariff_valid_from TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	quantity INTEGER NOT NULL, 
	amount INTEGER NOT NULL, 
	tax_ppm INTEGER NOT NULL, 
	transfer_id TEXT NOT NULL, 
	PRIMARY KEY (site, account, kind, day, item), 
	UNIQUE (site, transfer_id), 
	FOREIGN KEY(site, transfer_id) REFERENCES transfer (site, id), 
	CHECK (amount > 0)
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE hold (
	site TEXT NOT NULL, 
	meter TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	placed_at INTEGER NOT NULL, 
	placed_by TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	released_at INTEGER, 
	released_by TEXT NOT NULL, 
	PRIMARY KEY (site, meter, kind, number), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
INSERT INTO "hold" VALUES('riverside_mall','33B0250100001','manual',1,1795521600000000,'test','',1795521600000000,'test');
INSERT INTO "hold" VALUES('riverside_mall','33B0250100001','no_credit',1,1795521600000000,'test','',NULL,'');
CREATE TABLE meter_token (
	site TEXT NOT NULL, 
	meter TEXT NOT NULL, 
	rotation INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	user TEXT NOT NULL, 
	PRIMARY KEY (site, meter), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE migration (
	site TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	PRIMARY KEY (site, version), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
INSERT INTO "migration" VALUES('riverside_mall',4,0,1795521601000000);
CREATE TABLE pay_order (
	site TEXT NOT NULL, 
	id TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	account TEXT NOT NULL, 
	meter TEXT, 
	fund TEXT NOT NULL, 
	amount INTEGER NOT NULL, 
	currency TEXT NOT NULL, 
	method TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	params TEXT NOT NULL, 
	checkout TEXT NOT NULL, 
	state TEXT NOT NULL, 
	created_at INTEGER NOT NULL, 
	expires_at INTEGER NOT NULL, 
	changed_at INTEGER NOT NULL, 
	paid_txn TEXT NOT NULL, 
	note TEXT NOT NULL, 
	PRIMARY KEY (site, id), 
	FOREIGN KEY(site) REFERENCES book (site), 
	CHECK (amount > 0)
)
 STRICT

;
CREATE TABLE payment_notice (
	site TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	id TEXT NOT NULL, 
	received_at INTEGER NOT NULL, 
	verdict TEXT NOT NULL, 
	headers TEXT NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (site, provider, id), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE portal_device (
	site TEXT NOT NULL, 
	account TEXT NOT NULL, 
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	bound_at INTEGER NOT NULL, 
	revoked_at INTEGER, 
	PRIMARY KEY (site, account, id), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE portal_pin (
	site TEXT NOT NULL, 
	account TEXT NOT NULL, 
	salt TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	set_at INTEGER NOT NULL, 
	failures INTEGER NOT NULL, 
	failed_at INTEGER, 
	locked_until INTEGER, 
	PRIMARY KEY (site, account), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE provider_refund (
	site TEXT NOT NULL, 
	id TEXT NOT NULL, 
	reference TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	txn TEXT NOT NULL, 
	order_id TEXT NOT NULL, 
	account TEXT NOT NULL, 
	fund TEXT NOT NULL, 
	amount INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	user TEXT NOT NULL, 
	state TEXT NOT NULL, 
	provider_ref TEXT NOT NULL, 
	created_at INTEGER NOT NULL, 
	changed_at INTEGER NOT NULL, 
	note TEXT NOT NULL, 
	PRIMARY KEY (site, id), 
	FOREIGN KEY(site, provider, txn) REFERENCES provider_txn (site, provider, txn), 
	CHECK (amount > 0)
)
 STRICT

;
CREATE TABLE provider_txn (
	site TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	txn TEXT NOT NULL, 
	order_id TEXT NOT NULL, 
	account TEXT, 
	amount INTEGER NOT NULL, 
	verdict TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	source TEXT NOT NULL, 
	paid_at INTEGER NOT NULL, 
	day TEXT NOT NULL, 
	recorded_at INTEGER NOT NULL, 
	transfer_id TEXT, 
	PRIMARY KEY (site, provider, txn), 
	FOREIGN KEY(site) REFERENCES book (site), 
	FOREIGN KEY(site, transfer_id) REFERENCES transfer (site, id), 
	CHECK ((transfer_id IS NULL) = (verdict = 'foreign'))
)
 STRICT

;
CREATE TABLE read_receipt (
	site TEXT NOT NULL, 
	account TEXT NOT NULL, 
	announcement TEXT NOT NULL, 
	at INTEGER NOT NULL, 
	"by" TEXT NOT NULL, 
	PRIMARY KEY (site, account, announcement), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE reconciliation (
	site TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	day TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	user TEXT NOT NULL, 
	unexplained INTEGER NOT NULL, 
	content TEXT NOT NULL, 
	PRIMARY KEY (site, provider, day, number), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE register_generation (
	site TEXT NOT NULL, 
	meter TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	start_wh INTEGER NOT NULL, 
	start_at INTEGER NOT NULL, 
	closed_wh INTEGER, 
	closed_at INTEGER, 
	multiplier INTEGER DEFAULT 1 NOT NULL, 
	reason TEXT DEFAULT '' NOT NULL, 
	user TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (site, meter, generation), 
	FOREIGN KEY(site) REFERENCES book (site), 
	CHECK (closed_wh >= start_wh AND multiplier > 0)
)
 STRICT

;
INSERT INTO "register_generation" VALUES('riverside_mall','33B0250100001',1,1000,1795521600000000,3250,1795524300000000,1,'','');
INSERT INTO "register_generation" VALUES('riverside_mall','33B0250100001',2,0,1795528800000000,NULL,NULL,1,'','');
CREATE TABLE relay_demand (
	site TEXT NOT NULL, 
	meter TEXT NOT NULL, 
	closed INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	cause TEXT NOT NULL, 
	decided_at INTEGER NOT NULL, 
	confirmed_at INTEGER, 
	PRIMARY KEY (site, meter), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
INSERT INTO "relay_demand" VALUES('riverside_mall','33B0250100001',0,3,'hold:manual',1795521600000000,NULL);
CREATE TABLE rerating (
	site TEXT NOT NULL, 
	run TEXT NOT NULL, 
	account TEXT NOT NULL, 
	since INTEGER NOT NULL, 
	until INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	user TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	difference INTEGER NOT NULL, 
	transfer_id TEXT, 
	PRIMARY KEY (site, run, account), 
	FOREIGN KEY(site, transfer_id) REFERENCES transfer (site, id)
)
 STRICT

;
CREATE TABLE statement (
	site TEXT NOT NULL, 
	account TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	since INTEGER NOT NULL, 
	until INTEGER NOT NULL, 
	issued_at INTEGER NOT NULL, 
	user TEXT NOT NULL, 
	anchor TEXT NOT NULL, 
	content TEXT NOT NULL, 
	PRIMARY KEY (site, account, number), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE supply (
	site TEXT NOT NULL, 
	meter TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	account TEXT NOT NULL, 
	from_wh INTEGER NOT NULL, 
	from_at INTEGER NOT NULL, 
	to_wh INTEGER, 
	to_at INTEGER, 
	PRIMARY KEY (site, meter, generation, number), 
	FOREIGN KEY(site, meter, generation) REFERENCES register_generation (site, meter, generation), 
	CHECK (to_wh >= from_wh)
)
 STRICT

;
CREATE TABLE suspense_assignment (
	site TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	txn TEXT NOT NULL, 
	account TEXT, 
	at INTEGER NOT NULL, 
	user TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	transfer_id TEXT NOT NULL, 
	PRIMARY KEY (site, provider, txn), 
	FOREIGN KEY(site, provider, txn) REFERENCES provider_txn (site, provider, txn), 
	FOREIGN KEY(site, transfer_id) REFERENCES transfer (site, id)
)
 STRICT

;
CREATE TABLE tax_total (
	site TEXT NOT NULL, 
	account TEXT NOT NULL, 
	fund TEXT NOT NULL, 
	ppm INTEGER NOT NULL, 
	net INTEGER NOT NULL, 
	tax INTEGER NOT NULL, 
	PRIMARY KEY (site, account, fund, ppm), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE tenancy (
	site TEXT NOT NULL, 
	account TEXT NOT NULL, 
	name TEXT NOT NULL, 
	opened_at INTEGER NOT NULL, 
	closed_at INTEGER, 
	charged_through TEXT, 
	closed_through TEXT, 
	emergency INTEGER NOT NULL, 
	PRIMARY KEY (site, account), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE tenant_choice (
	site TEXT NOT NULL, 
	account TEXT NOT NULL, 
	language TEXT NOT NULL, 
	alarm_threshold INTEGER, 
	PRIMARY KEY (site, account), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
CREATE TABLE term (
	site TEXT NOT NULL, 
	account TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	valid_from INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	value TEXT NOT NULL, 
	user TEXT NOT NULL, 
	PRIMARY KEY (site, account, kind, valid_from, number), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
INSERT INTO "term" VALUES('riverside_mall','A-101','tariff',1795521600000000,1,'Retail','');
CREATE TABLE transfer (
	site TEXT NOT NULL, 
	id TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	debit TEXT NOT NULL, 
	credit TEXT NOT NULL, 
	amount INTEGER NOT NULL, 
	code TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	pending_id TEXT, 
	effective_at INTEGER NOT NULL, 
	recorded_at INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	user TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	outcome TEXT DEFAULT '' NOT NULL, 
	payload_hash TEXT NOT NULL, 
	prev_hash TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (site, id), 
	UNIQUE (site, seq), 
	FOREIGN KEY(site, pending_id) REFERENCES transfer (site, id), 
	FOREIGN KEY(site) REFERENCES book (site), 
	CHECK (amount > 0 AND debit <> credit AND seq > 0)
)
 STRICT

;
INSERT INTO "transfer" VALUES('riverside_mall','top:desk-1:A-101',1,'asset:cash','liability:tenant:A-101:electricity',200000000000,'top_up','posted',NULL,1795521600000000,1795521600000000,'action','cashier','','','','4ec4c3b71cca5cf438cf7f8ec62968a4bf866888f393c696922dc7d9230970ca','0b00a56061088bb8def7dbd4e638f29f12274b2a9c10382e3e171d013697b601','47a636b6607ab68bd4ead95557a1e2f97b3e49ba732c5ee8ac4d8c0dfb6afa08');
INSERT INTO "transfer" VALUES('riverside_mall','chg:33B0250100001:1:1000',2,'liability:tenant:A-101:electricity','income:energy:flat',432110000,'charge','posted',NULL,1795522500000000,1795522500000000,'meter','','','1000|1700|1795521600000000|1795522500000000|2026-01-01|1|1|617300|0|6|Retail|flat','','151170ca3a87703323399cde7de294bc03d1db66864e0dc83acfb01fa5635203','47a636b6607ab68bd4ead95557a1e2f97b3e49ba732c5ee8ac4d8c0dfb6afa08','1a2bb7f5620cf97793d1c2fd5d58de25f5abcfba72b88b50e21d04a1f5720759');
INSERT INTO "transfer" VALUES('riverside_mall','chg:33B0250100001:1:3000',3,'liability:tenant:A-101:electricity','income:energy:peak',246900000,'charge','posted',NULL,1795524300000000,1795524300000000,'meter','','','3000|3250|1795523400000000|1795524300000000|2026-01-01|1|1|987600|0|6|Retail|peak','','54d376d44c8910833ee0a99bc2dc71d26a65330c0a2d14554e143a426dc0a0ea','1a2bb7f5620cf97793d1c2fd5d58de25f5abcfba72b88b50e21d04a1f5720759','7309de15dc845bac8010b9a8f55582e9def350f2562a1150a1bed6ad8594e461');
INSERT INTO "transfer" VALUES('riverside_mall','pay:1',4,'asset:cash','liability:tenant:A-101:electricity',50000000000,'top_up','pending',NULL,1795521600000000,1795521600000000,'payment','','','','','82dbc46c36575c3c85a6341df0033960eeea2bbc4ecb894c8e85ecff3f95e6aa','7309de15dc845bac8010b9a8f55582e9def350f2562a1150a1bed6ad8594e461','5e6add98a7ea757f2c6725506ae901a5db2819978138f76fc749664a4be18eeb');
INSERT INTO "transfer" VALUES('riverside_mall','pay:2',5,'asset:cash','liability:tenant:A-101:electricity',7000000000,'top_up','pending',NULL,1795521600000000,1795521600000000,'payment','','','','','7a6f7daf3051b0777d9a700f7bb2b6084d9408fb88554f7dce1ea29c18d8a828','5e6add98a7ea757f2c6725506ae901a5db2819978138f76fc749664a4be18eeb','27b128f2b5a26559730708cacf17eb13bcb7b30c00116fe1432acf306cb7f224');
INSERT INTO "transfer" VALUES('riverside_mall','pay:1:post',6,'asset:cash','liability:tenant:A-101:electricity',40000000000,'top_up','post','pay:1',1795521600000000,1795521600000000,'payment','','','','','4262de13191d4ba8724052165b0a7c6f6d77bdf010eeade683e28bcd4db14767','27b128f2b5a26559730708cacf17eb13bcb7b30c00116fe1432acf306cb7f224','7ecb1cec57d7e059bbdeccb5b6884c5e5dac8ea9220a9b294ce94650759bdefc');
INSERT INTO "transfer" VALUES('riverside_mall','pay:2:void',7,'asset:cash','liability:tenant:A-101:electricity',7000000000,'top_up','void','pay:2',1795521600000000,1795521600000000,'payment','','','','','a301c1e1be1ea5ff8b2909221dca72745654dc1ff5965a522d717eec0d964268','7ecb1cec57d7e059bbdeccb5b6884c5e5dac8ea9220a9b294ce94650759bdefc','e873d4da4a2c7b108c8892c544578dccc7382dff74188d31c4178ca0f810398c');
INSERT INTO "transfer" VALUES('riverside_mall','pay:3',8,'asset:cash','liability:tenant:A-101:electricity',1000000000,'top_up','pending',NULL,1795521600000000,1795521600000000,'payment','','','','','c2aa49622de651aa01d794a7f3afb8b3d33fc987ec0e488c5dfc7014fa5bd722','e873d4da4a2c7b108c8892c544578dccc7382dff74188d31c4178ca0f810398c','e80bdc4622882d863e5e388387cc379fc66e0aa2da1ca9716849368b3fbaf4a9');
INSERT INTO "transfer" VALUES('riverside_mall','chg:33B0250100001:2:0',9,'liability:tenant:A-101:electricity','income:energy:flat',55557000,'charge','posted',NULL,1795529700000000,1795529700000000,'meter','','','0|90|1795528800000000|1795529700000000|2026-01-01|1|1|617300|0|6|Retail|flat','','134f94399924d00af0b43b34b61ede45e15191a86d2a1caa921090d447bfcc79','e80bdc4622882d863e5e388387cc379fc66e0aa2da1ca9716849368b3fbaf4a9','1910ae10e5380b84cd7e062728958b1b1f34fee3d93982ac03189dccef99fc8b');
INSERT INTO "transfer" VALUES('riverside_mall','top:desk-2:A-101',10,'asset:cash','liability:tenant:A-101:electricity',50000000000,'top_up','posted',NULL,1795521600000000,1795521600000000,'action','cashier','','','','e0372fed9c68c16fef870b514a0e69b902ebd49cec5a985db4f21b88537be18d','1910ae10e5380b84cd7e062728958b1b1f34fee3d93982ac03189dccef99fc8b','2523af7d8aaf514caa09bb16ef3e4c60a8d49e4d58dd75226a87b6e9451c1b53');
CREATE INDEX decision_at ON decision (site, at);
CREATE INDEX pay_order_state ON pay_order (site, state);
CREATE INDEX pay_order_account ON pay_order (site, account, created_at);
CREATE UNIQUE INDEX pay_order_key ON pay_order (site, "key");
CREATE INDEX transfer_credit_at ON transfer (site, credit, effective_at, seq);
CREATE INDEX transfer_debit_at ON transfer (site, debit, effective_at, seq, code, kind, amount);
CREATE UNIQUE INDEX transfer_resolves ON transfer (site, pending_id) WHERE pending_id IS NOT NULL;
CREATE INDEX provider_txn_account ON provider_txn (site, account);
CREATE INDEX provider_txn_verdict ON provider_txn (site, verdict);
CREATE INDEX provider_txn_day ON provider_txn (site, provider, day);
CREATE UNIQUE INDEX cash_receipt_transfer ON cash_receipt (site, transfer_id);
CREATE INDEX charge_account ON charge (site, account, from_at, from_wh, to_wh, amount);
CREATE INDEX supply_account ON supply (site, account);
CREATE INDEX provider_refund_txn ON provider_refund (site, provider, txn);
CREATE INDEX provider_refund_state ON provider_refund (site, state);
CREATE TRIGGER book_no_delete BEFORE DELETE ON "book"  BEGIN SELECT RAISE(ABORT, 'book is append-only'); END;
CREATE TRIGGER account_no_delete BEFORE DELETE ON "account"  BEGIN SELECT RAISE(ABORT, 'account is append-only'); END;
CREATE TRIGGER announcement_no_delete BEFORE DELETE ON "announcement"  BEGIN SELECT RAISE(ABORT, 'announcement is append-only'); END;
CREATE TRIGGER approval_no_delete BEFORE DELETE ON "approval"  BEGIN SELECT RAISE(ABORT, 'approval is append-only'); END;
CREATE TRIGGER auto_top_up_no_delete BEFORE DELETE ON "auto_top_up"  BEGIN SELECT RAISE(ABORT, 'auto_top_up is append-only'); END;
CREATE TRIGGER batch_no_delete BEFORE DELETE ON "batch"  BEGIN SELECT RAISE(ABORT, 'batch is append-only'); END;
CREATE TRIGGER bill_line_no_delete BEFORE DELETE ON "bill_line"  BEGIN SELECT RAISE(ABORT, 'bill_line is append-only'); END;
CREATE TRIGGER cash_close_no_delete BEFORE DELETE ON "cash_close"  BEGIN SELECT RAISE(ABORT, 'cash_close is append-only'); END;
CREATE TRIGGER chain_head_no_delete BEFORE DELETE ON "chain_head"  BEGIN SELECT RAISE(ABORT, 'chain_head is append-only'); END;
CREATE TRIGGER credit_watch_no_delete BEFORE DELETE ON "credit_watch"  BEGIN SELECT RAISE(ABORT, 'credit_watch is append-only'); END;
CREATE TRIGGER debt_no_delete BEFORE DELETE ON "debt"  BEGIN SELECT RAISE(ABORT, 'debt is append-only'); END;
CREATE TRIGGER decision_no_delete BEFORE DELETE ON "decision"  BEGIN SELECT RAISE(ABORT, 'decision is append-only'); END;
CREATE TRIGGER demand_peak_no_delete BEFORE DELETE ON "demand_peak"  BEGIN SELECT RAISE(ABORT, 'demand_peak is append-only'); END;
CREATE TRIGGER document_no_delete BEFORE DELETE ON "document"  BEGIN SELECT RAISE(ABORT, 'document is append-only'); END;
CREATE TRIGGER hold_no_delete BEFORE DELETE ON "hold"  BEGIN SELECT RAISE(ABORT, 'hold is append-only'); END;
CREATE TRIGGER meter_token_no_delete BEFORE DELETE ON "meter_token"  BEGIN SELECT RAISE(ABORT, 'meter_token is append-only'); END;
CREATE TRIGGER migration_no_delete BEFORE DELETE ON "migration"  BEGIN SELECT RAISE(ABORT, 'migration is append-only'); END;
CREATE TRIGGER pay_order_no_delete BEFORE DELETE ON "pay_order"  BEGIN SELECT RAISE(ABORT, 'pay_order is append-only'); END;
CREATE TRIGGER payment_notice_no_delete BEFORE DELETE ON "payment_notice"  BEGIN SELECT RAISE(ABORT, 'payment_notice is append-only'); END;
CREATE TRIGGER portal_device_no_delete BEFORE DELETE ON "portal_device"  BEGIN SELECT RAISE(ABORT, 'portal_device is append-only'); END;
CREATE TRIGGER portal_pin_no_delete BEFORE DELETE ON "portal_pin"  BEGIN SELECT RAISE(ABORT, 'portal_pin is append-only'); END;
CREATE TRIGGER read_receipt_no_delete BEFORE DELETE ON "read_receipt"  BEGIN SELECT RAISE(ABORT, 'read_receipt is append-only'); END;
CREATE TRIGGER reconciliation_no_delete BEFORE DELETE ON "reconciliation"  BEGIN SELECT RAISE(ABORT, 'reconciliation is append-only'); END;
CREATE TRIGGER register_generation_no_delete BEFORE DELETE ON "register_generation"  BEGIN SELECT RAISE(ABORT, 'register_generation is append-only'); END;
CREATE TRIGGER relay_demand_no_delete BEFORE DELETE ON "relay_demand"  BEGIN SELECT RAISE(ABORT, 'relay_demand is append-only'); END;
CREATE TRIGGER statement_no_delete BEFORE DELETE ON "statement"  BEGIN SELECT RAISE(ABORT, 'statement is append-only'); END;
CREATE TRIGGER tax_total_no_delete BEFORE DELETE ON "tax_total"  BEGIN SELECT RAISE(ABORT, 'tax_total is append-only'); END;
CREATE TRIGGER tenancy_no_delete BEFORE DELETE ON "tenancy"  BEGIN SELECT RAISE(ABORT, 'tenancy is append-only'); END;
CREATE TRIGGER tenant_choice_no_delete BEFORE DELETE ON "tenant_choice"  BEGIN SELECT RAISE(ABORT, 'tenant_choice is append-only'); END;
CREATE TRIGGER term_no_delete BEFORE DELETE ON "term"  BEGIN SELECT RAISE(ABORT, 'term is append-only'); END;
CREATE TRIGGER transfer_no_delete BEFORE DELETE ON "transfer"  BEGIN SELECT RAISE(ABORT, 'transfer is append-only'); END;
CREATE TRIGGER bill_mark_no_delete BEFORE DELETE ON "bill_mark"  BEGIN SELECT RAISE(ABORT, 'bill_mark is append-only'); END;
CREATE TRIGGER cash_receipt_no_delete BEFORE DELETE ON "cash_receipt"  BEGIN SELECT RAISE(ABORT, 'cash_receipt is append-only'); END;
CREATE TRIGGER charge_no_delete BEFORE DELETE ON "charge"  BEGIN SELECT RAISE(ABORT, 'charge is append-only'); END;
CREATE TRIGGER fee_no_delete BEFORE DELETE ON "fee"  BEGIN SELECT RAISE(ABORT, 'fee is append-only'); END;
CREATE TRIGGER provider_txn_no_delete BEFORE DELETE ON "provider_txn"  BEGIN SELECT RAISE(ABORT, 'provider_txn is append-only'); END;
CREATE TRIGGER rerating_no_delete BEFORE DELETE ON "rerating"  BEGIN SELECT RAISE(ABORT, 'rerating is append-only'); END;
CREATE TRIGGER supply_no_delete BEFORE DELETE ON "supply"  BEGIN SELECT RAISE(ABORT, 'supply is append-only'); END;
CREATE TRIGGER correction_no_delete BEFORE DELETE ON "correction"  BEGIN SELECT RAISE(ABORT, 'correction is append-only'); END;
CREATE TRIGGER provider_refund_no_delete BEFORE DELETE ON "provider_refund"  BEGIN SELECT RAISE(ABORT, 'provider_refund is append-only'); END;
CREATE TRIGGER suspense_assignment_no_delete BEFORE DELETE ON "suspense_assignment"  BEGIN SELECT RAISE(ABORT, 'suspense_assignment is append-only'); END;
CREATE TRIGGER book_no_update BEFORE UPDATE ON "book" WHEN (OLD.site <> NEW.site OR OLD.currency <> NEW.currency OR OLD.scale <> NEW.scale OR OLD.kind <> NEW.kind OR OLD.created_at <> NEW.created_at) BEGIN SELECT RAISE(ABORT, 'book is append-only'); END;
CREATE TRIGGER transfer_no_update BEFORE UPDATE ON "transfer"  BEGIN SELECT RAISE(ABORT, 'transfer is append-only'); END;
CREATE TRIGGER charge_no_update BEFORE UPDATE ON "charge"  BEGIN SELECT RAISE(ABORT, 'charge is append-only'); END;
CREATE TRIGGER term_no_update BEFORE UPDATE ON "term"  BEGIN SELECT RAISE(ABORT, 'term is append-only'); END;
CREATE TRIGGER document_no_update BEFORE UPDATE ON "document"  BEGIN SELECT RAISE(ABORT, 'document is append-only'); END;
CREATE TRIGGER fee_no_update BEFORE UPDATE ON "fee"  BEGIN SELECT RAISE(ABORT, 'fee is append-only'); END;
CREATE TRIGGER rerating_no_update BEFORE UPDATE ON "rerating"  BEGIN SELECT RAISE(ABORT, 'rerating is append-only'); END;
CREATE TRIGGER correction_no_update BEFORE UPDATE ON "correction"  BEGIN SELECT RAISE(ABORT, 'correction is append-only'); END;
CREATE TRIGGER statement_no_update BEFORE UPDATE ON "statement"  BEGIN SELECT RAISE(ABORT, 'statement is append-only'); END;
CREATE TRIGGER migration_no_update BEFORE UPDATE ON "migration"  BEGIN SELECT RAISE(ABORT, 'migration is append-only'); END;
CREATE TRIGGER decision_no_update BEFORE UPDATE ON "decision"  BEGIN SELECT RAISE(ABORT, 'decision is append-only'); END;
CREATE TRIGGER batch_no_update BEFORE UPDATE ON "batch"  BEGIN SELECT RAISE(ABORT, 'batch is append-only'); END;
CREATE TRIGGER read_receipt_no_update BEFORE UPDATE ON "read_receipt"  BEGIN SELECT RAISE(ABORT, 'read_receipt is append-only'); END;
CREATE TRIGGER provider_txn_no_update BEFORE UPDATE ON "provider_txn"  BEGIN SELECT RAISE(ABORT, 'provider_txn is append-only'); END;
CREATE TRIGGER suspense_assignment_no_update BEFORE UPDATE ON "suspense_assignment"  BEGIN SELECT RAISE(ABORT, 'suspense_assignment is append-only'); END;
CREATE TRIGGER payment_notice_no_update BEFORE UPDATE ON "payment_notice"  BEGIN SELECT RAISE(ABORT, 'payment_notice is append-only'); END;
CREATE TRIGGER bill_line_no_update BEFORE UPDATE ON "bill_line"  BEGIN SELECT RAISE(ABORT, 'bill_line is append-only'); END;
CREATE TRIGGER reconciliation_no_update BEFORE UPDATE ON "reconciliation"  BEGIN SELECT RAISE(ABORT, 'reconciliation is append-only'); END;
CREATE TRIGGER cash_receipt_no_update BEFORE UPDATE ON "cash_receipt"  BEGIN SELECT RAISE(ABORT, 'cash_receipt is append-only'); END;
CREATE TRIGGER cash_close_no_update BEFORE UPDATE ON "cash_close"  BEGIN SELECT RAISE(ABORT, 'cash_close is append-only'); END;
CREATE TRIGGER hold_no_update BEFORE UPDATE ON "hold" WHEN (OLD.released_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'hold is append-only'); END;
CREATE TRIGGER register_generation_no_update BEFORE UPDATE ON "register_generation" WHEN (OLD.closed_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'register_generation is append-only'); END;
CREATE TRIGGER supply_no_update BEFORE UPDATE ON "supply" WHEN (OLD.to_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'supply is append-only'); END;
COMMIT;
