// Reads scripts as {"name": "text"} from the standard input, and prints what is no PowerShell in them, by their names.
import { Language, Parser } from 'web-tree-sitter';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';

await Parser.init();
const grammar = new URL('node_modules/tree-sitter-powershell/tree-sitter-powershell.wasm', import.meta.url);
const parser = new Parser();
parser.setLanguage(await Language.load(fileURLToPath(grammar)));

const faults = {};
for (const [name, script] of Object.entries(JSON.parse(await text(process.stdin)))) {
  const look = (node) => {
    if (node.isError || node.isMissing) {
      (faults[name] ??= []).push(`${node.startPosition.row + 1}: ${node.text.slice(0, 80)}`);
    }
    node.children.forEach(look);
  };
  look(parser.parse(script).rootNode);
}
console.log(JSON.stringify(faults));
