# test check
# input a = zeros:128x512
import nki
import nki.language as nl


@nki.jit
def kernel(a):
    nl.load(a[0:128, 512:600])
    a.reshape((100, 100))
    a.permute((0, 0))
    nl.load(a).select(0, 200)
    return a


# expect line 9: error: index: 'a' of shape (128, 512): range 512:600 leaves dimension 1, which has 512 elements, or ends before it starts [view_out_of_range]
# expect line 10: error: reshape: 'a' of shape (128, 512): (100, 100) does not hold the 65536 elements of dimensions 0 to 1 of (128, 512) [bad_view]
# expect line 11: error: permute: 'a' of shape (128, 512): (0, 0) is not a permutation of the 2 dimensions of (128, 512) [bad_view]
# expect line 12: error: select: index 200 is outside dimension 0, which has 128 elements [bad_view]
