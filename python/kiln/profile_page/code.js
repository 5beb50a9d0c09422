// Python source as elements, its comments, strings, numbers and keywords told apart.

const TOKENS = new RegExp([
  /(?<comment>#.*)/,
  /(?<string>[rbfRBF]{0,2}(?:""".*?(?:"""|$)|'''.*?(?:'''|$)|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))/,
  /(?<digits>\b\d[\d_.eExXa-fA-F]*\b)/,
  new RegExp(`\\b(?<keyword>${[
    "and", "as", "assert", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "False", "finally", "for", "from", "if", "import", "in", "is", "lambda", "None", "not", "or",
    "pass", "raise", "return", "True", "try", "while", "with", "yield",
  ].join("|")})\\b`),
].map((one) => one.source).join("|"), "g");

function codeParts(line) {
  const parts = [];
  let end = 0;
  for (const match of line.matchAll(TOKENS)) {
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    if (match.index > end) parts.push(line.slice(end, match.index));
    parts.push(element("span", { class: kind }, match[0]));
    end = match.index + match[0].length;
  }
  if (end < line.length) parts.push(line.slice(end));
  return parts;
}
