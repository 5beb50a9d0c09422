"""The words of the memory report: sizes, source lines and tensors, as text and picture say them."""


def kib(size):
    """1536 -> '1.5 KiB'; small sizes in bytes."""
    return f"{size} B" if 0 < size < 103 else f"{size / 1024:.1f} KiB"


def place(at):
    """'file:line' of a dict that has both, with the file's name only; else its instruction."""
    if at["file"]:
        return f"{at['file'].rpartition('/')[2]}:{at['line']}"
    return f"instruction {at['instruction']}" if "instruction" in at else "no source line"


def shape(tensor):
    return f"({', '.join(map(str, tensor['shape']))}) {tensor['dtype']}"


def tensor(tensor):
    return f"{tensor['name']} {shape(tensor)}" if tensor["name"] else shape(tensor)


def cut(label, length):
    return label if len(label) <= length else label[: max(0, length - 1)] + "…"


def wrapped(sentence, columns):
    """The sentence's lines, of at most so many columns where its words allow it."""
    lines = [""]
    for word in sentence.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > columns:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return [line for line in lines if line]
