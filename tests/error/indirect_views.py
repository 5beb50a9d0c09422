# test check
# input a = zeros:128x512
import nki
import nki.language as nl


@nki.jit(platform_target="trn3")
def kernel(a):
    tile = nl.load(a)
    index = nl.ndarray((128, 4), dtype=nl.uint16, buffer=nl.sbuf)
    tile.indirect(index[0:64], 16)
    tile.indirect(index, 1000)
    picked = tile.indirect(index, 16)
    picked[:, 0:8]
    picked.indirect(index)
    a.indirect(index)
    return a


# expect line 11: error: indirect: the index has 64 partitions, the tensor 128 [bad_view]
# expect line 12: error: indirect: num_elem is 1000; the index has 512 elements [bad_view]
# expect line 14: error: index: a view made by indirect() cannot be indexed again [view_out_of_range]
# expect line 15: error: indirect: the view already has a runtime index; one is the limit [bad_view]
# expect line 16: error: indirect: 'a' of shape (128, 512): indirect() is for tensors in sbuf and psum [bad_view]
