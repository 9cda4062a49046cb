# expect: denied — raising hard limits, a negative oom_score_adj or a negative nice must fail
import os,sys,time,errno
def leak(m): os.write(1,("LEAK: %s\n"%m).encode())
def safe(m): os.write(1,("SAFE: %s\n"%m).encode())
def info(m): os.write(1,("INFO: %s\n"%m).encode())
import resource
bad=[]
for n in ("NPROC","NOFILE","CORE","FSIZE","DATA","AS","MEMLOCK"):
    r=getattr(resource,"RLIMIT_"+n); s,h=resource.getrlimit(r)
    if h==resource.RLIM_INFINITY:
        info("%s is unlimited"%n); continue
    try: resource.setrlimit(r,(h+1,h+1)); bad.append(n)
    except (ValueError,OSError): pass
try:
    fd=os.open("/proc/self/oom_score_adj",os.O_WRONLY); os.write(fd,b"-1"); bad.append("oom_score_adj<0")
except OSError: pass
try: os.nice(-5); bad.append("nice")
except OSError: pass
(leak if bad else safe)("raised: %s"%bad)
