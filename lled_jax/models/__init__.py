"""The networks that enhance, their peers, and VGG for the perceptual loss."""
