import { DatabaseSync } from "node:sqlite";

/** Makes a small real database: an orders table of some ten megabytes. Usage: make-database.ts FILE */
const [file] = process.argv.slice(2);
if (file === undefined) throw new Error("usage: make-database.ts FILE");

const database = new DatabaseSync(file);
database.exec(`
  CREATE TABLE customer_order (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, item TEXT NOT NULL, note TEXT NOT NULL);
  WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 60000)
  INSERT INTO customer_order
  SELECT n, 'customer ' || (n * 7919 % 5000), 'item ' || (n * 104729 % 900), hex(randomblob(100)) FROM number;
  CREATE INDEX order_by_customer ON customer_order (customer);
`);
database.close();
