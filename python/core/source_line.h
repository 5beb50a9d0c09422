// The user's source line: the innermost Python frame outside Kiln's own package.
#pragma once

namespace kiln {
class Recorder;
}

namespace kiln::python {

// Tells the recorder the line that is being executed.
void note_line(Recorder& recorder);

// Forgets what was cached about code objects; at the start and end of a call.
void reset_lines();

}  // namespace kiln::python
