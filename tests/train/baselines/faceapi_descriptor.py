"""A descriptor that face-api's own code computed, of a picture that is generated.

Made in Node 20 with @vladmandic/face-api 1.7.15, @tensorflow/tfjs and @tensorflow/tfjs-backend-wasm 4.22:

    await tf.setBackend('wasm');
    const faceapi = require('@vladmandic/face-api/dist/face-api.node-wasm.js');
    await faceapi.nets.faceRecognitionNet.loadFromDisk('node_modules/@vladmandic/face-api/model');
    const pixels = new Float32Array(150 * 150 * 3);
    for (let y = 0; y < 150; y++) for (let x = 0; x < 150; x++) for (let c = 0; c < 3; c++)
      pixels[(y * 150 + x) * 3 + c] = (2 * x + 3 * y * (c + 1) + Math.floor(x * y / 32)) % 256;
    const picture = tf.tensor3d(pixels, [150, 150, 3]);
    console.log(await faceapi.nets.faceRecognitionNet.computeFaceDescriptor(picture));
"""

import numpy as np


def picture():
    """float32 (150, 150, 3), RGB."""
    y, x, channel = np.mgrid[:150, :150, :3]
    return ((2 * x + 3 * y * (channel + 1) + x * y // 32) % 256).astype(np.float32)


DESCRIPTOR = (
    np.array(
        """
    -4385 11065 4061 -2362 -2603 -5210 -6937 834 12034 -1886 19758 -1944 -29233 -18 -2117 6356 -9839
    -5686 -16791 -9470 6057 3277 -3751 351 -12589 -28150 -6324 -7698 4006 -15070 1589 3708 -14857 -7047
    847 105 -3299 -8832 15772 427 -13886 -8541 -2656 29035 20503 3397 2653 -7863 3425 -31018 1763 16127
    5023 14602 6242 -16319 4541 8881 -14887 3189 227 -14941 -4613 -10675 21436 5577 -10058 -12503 14333
    -15303 -1452 11286 -7295 -18481 -25124 6603 36661 19478 -18228 3561 -13127 -4932 6796 2998 -4463
    -1921 -5871 9169 22164 -9150 -1263 18269 -2857 660 1271 2339 -9805 2725 -4504 2328 14226 -8848 3941
    10768 -13094 14286 2062 -2696 6519 -5627 -6535 -6421 22113 -24287 21158 18950 4165 12926 1562 9778
    -1437 -4913 -16914 -2691 3487 1428 -2703 -2947
    """.split(),
        int,
    )
    / 1e5
)
"""What face-api answered, float64 (128,)."""
