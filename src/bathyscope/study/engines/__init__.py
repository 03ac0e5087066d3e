"""Places where records are computed: this process, others of this machine, Ray, Slurm."""
