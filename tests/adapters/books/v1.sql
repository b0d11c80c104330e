-- A book as version 1 of the schema wrote it (0.1.0): `full_story` of ledger_books.py at that time.
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
CREATE TABLE bill_mark (
	site TEXT NOT NULL, 
	meter TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	wh INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	PRIMARY KEY (site, meter, generation), 
	FOREIGN KEY(site, meter, generation) REFERENCES register_generation (site, meter, generation)
)
 STRICT

;
INSERT INTO "bill_mark" VALUES('riverside_mall','33B0250100001',1,3250,1795524300000000,4);
INSERT INTO "bill_mark" VALUES('riverside_mall','33B0250100001',2,90,1795529700000000,2);
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
INSERT INTO "book" VALUES('riverside_mall','CNY',9,'real',1795521601000000,1);
CREATE TABLE chain_head (
	site TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	hash TEXT NOT NULL, 
	epoch INTEGER NOT NULL, 
	holder TEXT NOT NULL, 
	taken_at INTEGER NOT NULL, 
	PRIMARY KEY (site), 
	FOREIGN KEY(site) REFERENCES book (site)
)
 STRICT

;
INSERT INTO "chain_head" VALUES('riverside_mall',10,'f19fbd479423ef4663c6083535113ecf79094b55b50295f2a03dac6f9a024802',2,'test',1795521601000000);
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
INSERT INTO "charge" VALUES('riverside_mall','33B0250100001',1,1000,1700,1795521600000000,1795522500000000,'A-101','Retail','2026-01-01','flat',1,617300,432110000,0,'chg:33B0250100001:1:1000','9705ae35f3f50e6b9dc1b305aba76e3ab166a3127808b8ed0cdaa68f967f51f6');
INSERT INTO "charge" VALUES('riverside_mall','33B0250100001',1,1700,3000,1795522500000000,1795523400000000,'A-101','Retail','2026-01-01','free',1,0,0,0,NULL,'bcc2a93d0344804343f150bd78059da0f36a96e1fbb0133776b50828ed8bdae7');
INSERT INTO "charge" VALUES('riverside_mall','33B0250100001',1,3000,3250,1795523400000000,1795524300000000,'A-101','Retail','2026-01-01','peak',1,987600,246900000,0,'chg:33B0250100001:1:3000','b9a64efdacbc5ae60a8e475a69da5024762ec70cf5ba879bd59de4abc4e87f2d');
INSERT INTO "charge" VALUES('riverside_mall','33B0250100001',2,0,90,1795528800000000,1795529700000000,'A-101','Retail','2026-01-01','flat',1,617300,55557000,0,'chg:33B0250100001:2:0','161de6a67a644dd89accce8662acc7e724b432d05ca1cdd8fe0a907f68b2640a');
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
CREATE TABLE register_generation (
	site TEXT NOT NULL, 
	meter TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	start_wh INTEGER NOT NULL, 
	start_at INTEGER NOT NULL, 
	closed_wh INTEGER, 
	closed_at INTEGER, 
	PRIMARY KEY (site, meter, generation), 
	FOREIGN KEY(site) REFERENCES book (site), 
	CHECK (closed_wh >= start_wh)
)
 STRICT

;
INSERT INTO "register_generation" VALUES('riverside_mall','33B0250100001',1,1000,1795521600000000,3250,1795524300000000);
INSERT INTO "register_generation" VALUES('riverside_mall','33B0250100001',2,0,1795528800000000,NULL,NULL);
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
INSERT INTO "transfer" VALUES('riverside_mall','top:desk-1:A-101',1,'asset:cash','liability:tenant:A-101:electricity',200000000000,'top_up','posted',NULL,1795521600000000,1795521600000000,'action','cashier','','','45c8bfc0d667d1c76494f92fbf4fa1a859162904fe16724614e909849613989f','0b00a56061088bb8def7dbd4e638f29f12274b2a9c10382e3e171d013697b601','a850db2e294a7472a805d7711a002bbe2c88056b92c01d53f0d1b57c544986ca');
INSERT INTO "transfer" VALUES('riverside_mall','chg:33B0250100001:1:1000',2,'liability:tenant:A-101:electricity','income:energy:flat',432110000,'charge','posted',NULL,1795522500000000,1795522500000000,'meter','','','{"estimated":false,"from_at":1795521600000000,"from_wh":1000,"period":"flat","price":617300,"tariff":"Retail","tier":1,"to_at":1795522500000000,"to_wh":1700,"valid_from":"2026-01-01"}','92037702f95abab47f8fa5bfd18d5e1a9cf3630bd558f411fc6ac021c0d27982','a850db2e294a7472a805d7711a002bbe2c88056b92c01d53f0d1b57c544986ca','4dc94bcc3816f989502addbbb45c5446c91bbcdae272be267e7a00b45eb5dda7');
INSERT INTO "transfer" VALUES('riverside_mall','chg:33B0250100001:1:3000',3,'liability:tenant:A-101:electricity','income:energy:peak',246900000,'charge','posted',NULL,1795524300000000,1795524300000000,'meter','','','{"estimated":false,"from_at":1795523400000000,"from_wh":3000,"period":"peak","price":987600,"tariff":"Retail","tier":1,"to_at":1795524300000000,"to_wh":3250,"valid_from":"2026-01-01"}','df5c36a41c45a85e19085784587280fe9e5a6511a2bfbaeb047dc09e21c0e632','4dc94bcc3816f989502addbbb45c5446c91bbcdae272be267e7a00b45eb5dda7','96e4be32a56fabc3bb330470add65286420b13a7b023d1e9c4fe9f460fbe9d79');
INSERT INTO "transfer" VALUES('riverside_mall','pay:1',4,'asset:cash','liability:tenant:A-101:electricity',50000000000,'top_up','pending',NULL,1795521600000000,1795521600000000,'payment','','','','7e961ceeb0a24b3a3ff893be9618cdc283cfeba11f523cab6ab763235a3efa80','96e4be32a56fabc3bb330470add65286420b13a7b023d1e9c4fe9f460fbe9d79','3e54a3c5d5d0fa00fa833fc492ff9991195ef8b4b19778433d09aa62e1c6d9ca');
INSERT INTO "transfer" VALUES('riverside_mall','pay:2',5,'asset:cash','liability:tenant:A-101:electricity',7000000000,'top_up','pending',NULL,1795521600000000,1795521600000000,'payment','','','','13b9dca5c3666c5453c650edeeb09a7f1485c639140518ca714a350eb36cf1ff','3e54a3c5d5d0fa00fa833fc492ff9991195ef8b4b19778433d09aa62e1c6d9ca','9f1fafdfb739526f418c615ffcef4fd8fc64d96b3e56fa41ee175b8c28a5e1f3');
INSERT INTO "transfer" VALUES('riverside_mall','pay:1:post',6,'asset:cash','liability:tenant:A-101:electricity',40000000000,'top_up','post','pay:1',1795521600000000,1795521600000000,'payment','','','','4ba0fc574b837a57f05d3120d7bccba6e173581a2f1d6ad1a6c46413f2febff0','9f1fafdfb739526f418c615ffcef4fd8fc64d96b3e56fa41ee175b8c28a5e1f3','ec99d70e0819f825d3810ae54d54b8afcd7d1d1d7397c48958adab0d62a13997');
INSERT INTO "transfer" VALUES('riverside_mall','pay:2:void',7,'asset:cash','liability:tenant:A-101:electricity',7000000000,'top_up','void','pay:2',1795521600000000,1795521600000000,'payment','','','','95437567830001cef311beaddd7a2c6d3b6de76fc32f0af25f10a775bff43ac8','ec99d70e0819f825d3810ae54d54b8afcd7d1d1d7397c48958adab0d62a13997','970e6e83fa879728b5cb04c66cea96afe1f23a72895302138ee48a4e34ee3781');
INSERT INTO "transfer" VALUES('riverside_mall','pay:3',8,'asset:cash','liability:tenant:A-101:electricity',1000000000,'top_up','pending',NULL,1795521600000000,1795521600000000,'payment','','','','7a4144815f6857032f14c10f596098e4bc556560c8e43687d9cd1a27d0cd0cb1','970e6e83fa879728b5cb04c66cea96afe1f23a72895302138ee48a4e34ee3781','e393754a0db9479bb03c4a65623a5916318cc7f95e9b33cbc967698164f26859');
INSERT INTO "transfer" VALUES('riverside_mall','chg:33B0250100001:2:0',9,'liability:tenant:A-101:electricity','income:energy:flat',55557000,'charge','posted',NULL,1795529700000000,1795529700000000,'meter','','','{"estimated":false,"from_at":1795528800000000,"from_wh":0,"period":"flat","price":617300,"tariff":"Retail","tier":1,"to_at":1795529700000000,"to_wh":90,"valid_from":"2026-01-01"}','bcfccabef5d54f52b0a39886c413e22dc2fb5868579b315bd577ae224fb1ca10','e393754a0db9479bb03c4a65623a5916318cc7f95e9b33cbc967698164f26859','add6f6fab8daf8032e3880c9206c16dad5441ee26f7f6fe0fa3f6038b6244b05');
INSERT INTO "transfer" VALUES('riverside_mall','top:desk-2:A-101',10,'asset:cash','liability:tenant:A-101:electricity',50000000000,'top_up','posted',NULL,1795521600000000,1795521600000000,'action','cashier','','','00d7596209b2fe698ef3df0fd5d037379c00f355a440aa3be175bbf3dd377094','add6f6fab8daf8032e3880c9206c16dad5441ee26f7f6fe0fa3f6038b6244b05','f19fbd479423ef4663c6083535113ecf79094b55b50295f2a03dac6f9a024802');
CREATE TRIGGER book_no_update BEFORE UPDATE ON "book"  BEGIN SELECT RAISE(ABORT, 'book is append-only'); END;
CREATE TRIGGER book_no_delete BEFORE DELETE ON "book"  BEGIN SELECT RAISE(ABORT, 'book is append-only'); END;
CREATE TRIGGER chain_head_no_delete BEFORE DELETE ON "chain_head"  BEGIN SELECT RAISE(ABORT, 'chain_head is append-only'); END;
CREATE TRIGGER account_no_delete BEFORE DELETE ON "account"  BEGIN SELECT RAISE(ABORT, 'account is append-only'); END;
CREATE INDEX transfer_credit ON transfer (site, credit, seq);
CREATE INDEX transfer_debit ON transfer (site, debit, seq);
CREATE UNIQUE INDEX transfer_resolves ON transfer (site, pending_id) WHERE pending_id IS NOT NULL;
CREATE TRIGGER transfer_no_update BEFORE UPDATE ON "transfer"  BEGIN SELECT RAISE(ABORT, 'transfer is append-only'); END;
CREATE TRIGGER transfer_no_delete BEFORE DELETE ON "transfer"  BEGIN SELECT RAISE(ABORT, 'transfer is append-only'); END;
CREATE TRIGGER register_generation_no_delete BEFORE DELETE ON "register_generation"  BEGIN SELECT RAISE(ABORT, 'register_generation is append-only'); END;
CREATE TRIGGER register_generation_no_update BEFORE UPDATE ON "register_generation" WHEN OLD.closed_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'register_generation is append-only'); END;
CREATE TRIGGER hold_no_delete BEFORE DELETE ON "hold"  BEGIN SELECT RAISE(ABORT, 'hold is append-only'); END;
CREATE TRIGGER hold_no_update BEFORE UPDATE ON "hold" WHEN OLD.released_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'hold is append-only'); END;
CREATE TRIGGER relay_demand_no_delete BEFORE DELETE ON "relay_demand"  BEGIN SELECT RAISE(ABORT, 'relay_demand is append-only'); END;
CREATE TRIGGER announcement_no_delete BEFORE DELETE ON "announcement"  BEGIN SELECT RAISE(ABORT, 'announcement is append-only'); END;
CREATE TRIGGER term_no_update BEFORE UPDATE ON "term"  BEGIN SELECT RAISE(ABORT, 'term is append-only'); END;
CREATE TRIGGER term_no_delete BEFORE DELETE ON "term"  BEGIN SELECT RAISE(ABORT, 'term is append-only'); END;
CREATE TRIGGER document_no_update BEFORE UPDATE ON "document"  BEGIN SELECT RAISE(ABORT, 'document is append-only'); END;
CREATE TRIGGER document_no_delete BEFORE DELETE ON "document"  BEGIN SELECT RAISE(ABORT, 'document is append-only'); END;
CREATE TRIGGER bill_mark_no_delete BEFORE DELETE ON "bill_mark"  BEGIN SELECT RAISE(ABORT, 'bill_mark is append-only'); END;
CREATE INDEX charge_account ON charge (site, account, from_at, from_wh, to_wh, amount);
CREATE TRIGGER charge_no_update BEFORE UPDATE ON "charge"  BEGIN SELECT RAISE(ABORT, 'charge is append-only'); END;
CREATE TRIGGER charge_no_delete BEFORE DELETE ON "charge"  BEGIN SELECT RAISE(ABORT, 'charge is append-only'); END;
COMMIT;
