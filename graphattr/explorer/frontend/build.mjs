// Bundles src/ and its libraries into ../static/graph.js, with the licence text of every library that went in.
import { build } from "esbuild";
import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";

const result = await build({
  entryPoints: ["src/main.js"],
  outfile: "../static/graph.js",
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2020",
  legalComments: "none",
  charset: "ascii",
  metafile: true,
});
copyFileSync("src/graph.css", "../static/graph.css");

const bundled = new Set();
for (const file of Object.keys(result.metafile.inputs)) {
  const match = file.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (match) bundled.add(match[1]);
}
const texts = [...bundled].sort().map((name) => {
  const folder = `node_modules/${name}`;
  const meta = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  // Packages of sigma's own repository come without a copy of its licence: the same text covers them.
  const text = file ? `${folder}/${file}` : "node_modules/sigma/LICENSE.txt";
  if (meta.license !== "MIT" || !existsSync(text)) throw new Error(`${name}: ${meta.license}, no licence text`);
  return `${name} ${meta.version} (${meta.license})\n\n${readFileSync(text, "utf8").trim()}\n`;
});
const rule = `\n${"-".repeat(80)}\n\n`;
writeFileSync("../static/LICENCES.txt", `graph.js contains these libraries.\n${rule}${texts.join(rule)}`);
console.log([...bundled].sort().join(", "));
